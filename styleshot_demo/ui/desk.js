/* What lies on each tab: what the controls hold, which picture was made from what, and what is dropped on the page. */
(() => {
  const QUICK = ["fast", "colour"]; // methods that take a moment: the page follows every change with them
  const desks = {};

  const running = (kind) => document.querySelector(`#${kind}-stop`)?.offsetParent;

  /* What the controls hold, in the form that the server gives back with a result (controls_snapshot.py). */
  const path = (file) => file?.path ?? null;
  // Of a file that browsers cannot show, a picture is seen in its place; what is painted is the file.
  const painted = (picture) => picture && picture.replace(/\.shown\.png$/, "");
  const normal = (shape, values) => {
    const rest = [...values];
    const photo = shape.content ? path(rest.shift()) : null;
    const content = painted(photo);
    const pictures = rest.splice(0, shape.styles).map(path);
    const weights = rest.splice(0, shape.styles);
    let styles = pictures.map((picture, place) => [painted(picture), weights[place]]).filter(([picture]) => picture);
    // A weight says something only beside others.
    styles = styles.length === 1 ? [[styles[0][0], 1]] : styles;
    const settings = Object.fromEntries(shape.fields.map((name, place) => [name, rest[place] ?? ""]));
    if ("painted_strength" in settings) settings.painted_strength = paintedStrength({ content, styles, settings });
    return { content, styles, settings, pictures: [...(shape.content ? [photo] : []), ...pictures], weights };
  };
  const differs = (made, asked) => made.content !== asked.content
    || JSON.stringify(made.styles) !== JSON.stringify(asked.styles)
    || Object.entries(made.settings).some(([name, value]) => value !== asked.settings[name]);

  /* The strength of the painting of which a blend is asked for, else 0 (painted_strength.py). */
  const paintedStrength = ({ content, styles, settings }) => {
    try {
      const { strength, ...painted } = JSON.parse(settings.painted_strength);
      const blended = settings.strength < strength && !differs({ content, styles, ...painted }, { content, styles, settings });
      return blended ? strength : 0;
    } catch { return 0; /* there is none */ }
  };

  /* Whether what a refusal complains of (problems.py) is as it should be by now. */
  const mended = ({ about, low, high }, { content, styles, settings }) => {
    if (about === "content") return Boolean(content);
    if (about === "style") return styles.length > 0;
    if (about === "weights") return styles.some(([, weight]) => weight > 0);
    const value = settings[about];
    if (about === "region") return value !== "mask";
    if (about === "prompt") return Boolean(String(value ?? "").trim());
    if (low === undefined) return Number.isInteger(value);
    return typeof value === "number" && value >= Number(low) && value <= Number(high);
  };

  class Desk {
    constructor(kind) {
      this.kind = kind;
      this.asked = null; // what the controls hold
      this.ready = null; // the last finished result
      this.now = null; // what is on show: that, or a picture that is being painted
      this.source = null; // where the finished picture is that is looked at
      this.read = false; // whether what lay here before a reload, and its settings, are back
      // Where refusals stand, and whether what one complains of is mended; panels add theirs.
      this.mends = { status: (told) => this.mended(told) };
    }

    /* The figure that shows the results, and what to do when a quick one should follow a change. */
    stands(figure, follow) {
      this.figure = figure;
      this.follow = follow;
      this.check();
    }

    /* The value of a result's element -> what is to be shown. */
    show(value) {
      if (value?.back) this.now = this.ready;
      else {
        this.now = value;
        if (value?.made) this.ready = value;
      }
      this.keep();
      this.check();
      this.saver?.();
      return this.now;
    }

    /* Which finished picture is looked at, by its address; null while there is none. */
    sees(source) {
      this.source = source;
      this.enlarger?.();
      this.tools?.();
    }

    asks(asked) {
      const last = this.asked;
      this.asked = asked;
      this.palette?.();
      this.keep();
      this.excuse();
      if (this.check() && last) this.followed(last);
    }

    /* Marks a result that is not what the controls ask for. */
    check() {
      const stale = Boolean(this.now?.made && this.asked && differs(this.now.made, this.asked));
      const line = this.figure?.querySelector(".stale");
      if (line && stale !== line.hasChildNodes()) {
        line.replaceChildren(...(stale ? [line.nextElementSibling.content.cloneNode(true)] : []));
      }
      return stale;
    }

    /* `settings`: what stands elsewhere than in the controls. */
    mended(told, settings = {}) {
      return mended(told, { ...this.asked, settings: { ...this.asked.settings, ...settings } });
    }

    /* Takes away what was said against a run, here or in a panel, once that is mended. */
    excuse() {
      if (!this.asked) return;
      for (const [place, right] of Object.entries(this.mends)) {
        const told = document.querySelector(`#${this.kind}-${place} .problem[data-about]`);
        if (told && right(told.dataset)) told.remove();
      }
    }

    followed(last) {
      const { content, styles, settings } = this.asked;
      const { made, quick, blends } = this.now;
      const methods = [made.settings.method, settings.method].every((method) => QUICK.includes(method));
      // Where words are painted, the strength alone is followed: a prompt is typed letter by letter. So is it where a
      // finished picture is blended with its photo, up to the strength at which it was painted.
      const name = settings.strength <= blends ? "strength" : quick ? "style_strength" : null;
      const free = { [name]: settings[name], painted_strength: settings.painted_strength };
      const alone = name && !differs({ ...made, settings: { ...made.settings, ...free } }, this.asked);
      if (!this.follow || !(methods || alone) || (made.content && !content) || !styles.length || running(this.kind)) return;
      // A slider is followed at once; what is typed or exchanged may be the first of several changes.
      const dragged = alone || last.settings.strength !== settings.strength;
      clearTimeout(this.timer);
      this.timer = setTimeout(() => !running(this.kind) && this.check() && this.follow(), dragged ? 0 : 300);
    }

    /* For this window alone, and for as long as it is open. */
    keep() {
      // Controls tell of changes already while the page is drawn, when all of them are empty yet.
      if (!this.asked || !this.read) return;
      const { pictures, weights } = this.asked;
      try {
        sessionStorage.setItem(`styleshot-${this.kind}`, JSON.stringify({ pictures, weights, result: this.ready }));
      } catch { /* private windows may refuse */ }
    }
  }
  const desk = (kind) => (desks[kind] ??= new Desk(kind));
  const asks = (kind, shape, values) => { desk(kind).asks(normal(shape, values)); };
  const opened = () => {
    for (const kind of ["classical", "text", "image"]) desk(kind).read = true;
  };
  const lay = (kind) => {
    try { return sessionStorage.getItem(`styleshot-${kind}`) || "{}"; } catch { return "{}"; }
  };

  /* The button that saves what is on show. */
  const fetched = (source, name) => {
    const link = document.createElement("a");
    link.href = source;
    link.download = name;
    link.click();
  };
  const saver = (kind, element, value, watch, keep) => {
    const own = desk(kind);
    const button = element.querySelector("button");
    own.saver = () => { button.disabled = !own.now?.after || Boolean(own.now.rough); };
    button.addEventListener("click", () => {
      if (own.now?.made) fetched(own.now.after, own.now.name);
      else keep();
    });
    watch("value", () => {
      const { src, name } = value() || {};
      if (src) fetched(src, name);
    });
    own.saver();
  };

  /* Work that a reload would cut off: pictures and results come back, a run does not. */
  const painting = () => ["classical", "text", "image"].some((kind) => running(kind) || desks[kind]?.enlarging || desks[kind]?.gridding || desks[kind]?.many);
  window.addEventListener("beforeunload", (event) => {
    if (painting()) event.preventDefault();
  });
  /* Gradio, which has listened for longer, hangs up before anybody has answered: whoever stays would have a dead page. */
  const { abort } = AbortController.prototype;
  AbortController.prototype.abort = function (...reason) {
    if (window.event?.type !== "beforeunload" || !painting()) abort.apply(this, reason);
  };

  /* Dropped and pasted pictures ----------------------------------------------------------------------------------- */

  const PICTURE = /\.(png|jpe?g|jfif|webp|gif|bmp|dib|tiff?|avif|hei[cf]|jp2|j2k|tga|ico|svg)$/i;
  const isPicture = (file) => file.type.startsWith("image/") || PICTURE.test(file.name);
  const openTab = () => {
    const id = document.querySelector('#tabs [role="tab"][aria-selected="true"]')?.dataset.tabId;
    return ["classical", "text", "image"].includes(id) ? id : "classical";
  };
  const placeOf = (target) => {
    const id = target?.closest?.(".picture")?.id ?? "";
    return id.replace(/^(text|image)-/, "");
  };
  let send = null;
  let notice = null;

  /* One drop after the other: the later one finds what the earlier has put where, and of two on the same box it stays.
     Files are on their way at once, whatever has yet to be put. */
  const UNANSWERED = 15000; // milliseconds after which nobody waits for the one before
  let turn = Promise.resolve();
  const handed = new Map(); // those that are not answered yet
  const inTurn = (work) => {
    const patience = new Promise((done) => { turn.then(() => setTimeout(done, UNANSWERED)); });
    turn = Promise.race([turn.then(work).catch(() => {}), patience]);
  };
  const hand = (what) => new Promise((done) => {
    const drop = Math.random().toString(36).slice(2);
    handed.set(drop, () => setTimeout(done, 50)); // Gradio has put it where it belongs by then
    send({ ...what, drop });
  });

  let silence = 0;
  const tell = (texts, problem = false) => {
    if (!notice) return;
    const box = document.createElement("div");
    box.className = problem ? "told problem" : "told";
    box.setAttribute("role", problem ? "alert" : "status");
    const words = document.createElement("p");
    words.append(...texts);
    const close = document.createElement("button");
    close.type = "button";
    [close.dataset.en, close.dataset.zh] = window.styleshot.texts.close;
    close.textContent = "×";
    close.addEventListener("click", () => notice.replaceChildren());
    box.append(words, close);
    notice.replaceChildren(box);
    clearTimeout(silence);
    silence = setTimeout(() => notice.replaceChildren(), 12000);
  };
  const say = (key, values, problem = true) => tell(window.styleshot.said(key, values), problem);

  const upload = async (file) => {
    const form = new FormData();
    // A pasted picture has no name of its own.
    form.append("files", file, file.name || "pasted.png");
    const answer = await fetch("gradio_api/upload", { method: "POST", body: form });
    if (!answer.ok) throw "toast_unreached";
    return (await answer.json())[0];
  };
  const take = (files, place) => {
    // What was let fall on a box is meant for it: why it cannot be read, a raw file say, is for the program to find out.
    const pictures = place ? files : files.filter(isPicture);
    if (!pictures.length) return say("drop_no_picture");
    // Not asked of the program: it may close the line on what is too large before its answer can be read.
    const limit = window.gradio_config?.max_file_size ?? Infinity;
    if (pictures.some((file) => file.size > limit)) {
      return say("toast_too_large", { limit: `${Math.round(limit / 2 ** 20)} MB` });
    }
    bring(pictures, openTab(), place);
  };
  const uploaded = async (pictures) => {
    const paths = [];
    for (const picture of pictures) paths.push(await upload(picture));
    return paths;
  };
  const bring = (pictures, tab, place) => {
    say("drop_uploading", {}, false);
    const coming = uploaded(pictures.slice(0, 5)).then((paths) => ({ paths }), (error) => ({ error }));
    inTurn(async () => {
      const { paths, error } = await coming;
      if (!paths) return say(typeof error === "string" ? error : "toast_unreached");
      notice.replaceChildren();
      if (pictures.length > 5) say("drop_too_many", { count: pictures.length - 5 });
      await hand({ paths, tab, place });
    });
  };

  /* A picture of the page itself: what is carried is its file, whatever the browser makes of it on the way. */
  const SHOWN_AT = /gradio_api\/file=(.+)$/;
  const KEPT_AT = /(?:^|\/)history\/([\w-]+)\.(?:png|jpg)$/;
  const addressed = (source) => SHOWN_AT.test(source) || KEPT_AT.test(source);
  let carried = null; // its address, while one is dragged
  // Nobody hears of the end where the picture was taken away meanwhile; but while something is dragged, no pointer moves.
  document.addEventListener("pointermove", () => { carried = null; }, true);
  document.addEventListener("dragstart", (event) => {
    const grip = event.target.closest?.(".carry");
    const image = grip ? grip.parentElement.querySelector("img.after") : event.target.closest?.("img");
    carried = image && addressed(image.src) ? image.src : null;
    if (!carried) return;
    event.dataTransfer.effectAllowed = "copy";
    if (grip) event.dataTransfer.setData("text/uri-list", carried); // nothing is dragged that carries nothing
    // The boxes lie under these windows; a picture that vanishes at once would not be dragged at all.
    const over = image.closest("dialog.history, dialog.viewer");
    if (over) setTimeout(() => over.close());
  }, true);
  const fileOf = async (source) => {
    const shown = decodeURIComponent(source).match(SHOWN_AT);
    if (shown) return painted(shown[1]);
    const key = source.match(KEPT_AT)[1];
    const answer = await fetch(`history/${key}.png`);
    if (!answer.ok) throw "toast_unreached";
    return upload(new File([await answer.blob()], window.styleshot.historyName(key), { type: "image/png" }));
  };
  const useAs = (source, tab, place) => {
    const coming = fileOf(source).then((file) => ({ file }), (error) => ({ error }));
    inTurn(async () => {
      const { file, error } = await coming;
      if (!file) return say(typeof error === "string" ? error : "toast_unreached");
      await hand({ paths: [file], tab, place });
    });
  };

  const hasFiles = (transfer) => [...(transfer?.types ?? [])].includes("Files");
  const light = (box) => {
    for (const lit of document.querySelectorAll(".picture.target")) if (lit !== box) lit.classList.remove("target");
    box?.classList.add("target");
  };
  for (const type of ["dragenter", "dragover"]) {
    document.addEventListener(type, (event) => {
      if (!carried && !hasFiles(event.dataTransfer)) return;
      const box = event.target.closest?.(".picture");
      light(box);
      if (carried) {
        event.stopPropagation();
        if (!box) return; // whose picture it is to be has to be said
        event.dataTransfer.dropEffect = "copy";
      } else document.body.classList.add("dragged");
      event.preventDefault();
    }, true);
  }
  const let_go = () => {
    document.body.classList.remove("dragged");
    light(null);
  };
  document.addEventListener("dragleave", (event) => event.relatedTarget ?? let_go(), true);
  document.addEventListener("dragend", () => {
    let_go();
    carried = null;
  }, true);
  document.addEventListener("drop", (event) => {
    let_go();
    if (!carried && !hasFiles(event.dataTransfer)) return;
    // Whatever it is, the browser does not open it in place of the page.
    event.preventDefault();
    event.stopPropagation();
    if (carried) {
      const [source, tab, place] = [carried, openTab(), placeOf(event.target)];
      if (place && send) useAs(source, tab, place);
      carried = null;
      return;
    }
    event.target.dispatchEvent(new DragEvent("dragleave", { bubbles: true })); // Gradio has seen it come
    const files = [...event.dataTransfer.files];
    if (files.length && send) take(files, placeOf(event.target));
  }, true);
  document.addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (!files.some(isPicture) || !send) return; // words go where they were going
    event.preventDefault();
    event.stopPropagation();
    take(files, "");
  }, true);

  const drops = (element, value, watch, dropped, chosen) => {
    const dialog = element.querySelector("dialog");
    notice = element.querySelector(".notice");
    send = dropped;
    window.styleshot.send = (what) => inTurn(() => hand(what));
    let asked = null;
    dialog.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (button || event.target === dialog) dialog.close(button?.value ?? "");
    });
    dialog.addEventListener("close", () => {
      if (dialog.returnValue && asked) chosen({ paths: [asked.ask], tab: asked.tab, answer: dialog.returnValue });
      asked = null;
    });
    watch("value", () => {
      const now = value() || {};
      handed.get(now.drop)?.();
      handed.delete(now.drop);
      if (now.tell) tell(window.styleshot.twice(now.tell), now.problem);
      if (!now.ask) return;
      asked = now;
      dialog.querySelector("[value=photo]").hidden = !now.photo;
      dialog.returnValue = "";
      dialog.showModal();
    });
  };

  Object.assign(window.styleshot, { desk, asks, lay, opened, saver, drops, fetched, upload, isPicture });
})();
