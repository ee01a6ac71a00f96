/* What can be done with the picture on show: a close look, its use in a tab, another kind of file. */
(() => {
  const PLACE = "gradio_api/file=";

  const tools = (kind, element, value, watch, convert) => {
    const own = window.styleshot.desk(kind);
    const [line, look, news, viewer] = [".tools", ".look", ".news", ".viewer"].map((place) => element.querySelector(place));
    const [ground, picture, zoom] = [".ground", ".ground img", ".zoom"].map((place) => viewer.querySelector(place));
    const menus = [...line.querySelectorAll("details")];
    let about = null; // the picture that something was said of

    own.tools = () => {
      line.hidden = !own.source && line.hidden;
      for (const button of line.querySelectorAll("button, summary")) button.inert = !own.source;
      if (own.source !== about) news.replaceChildren();
    };
    const shut = (but = null) => menus.forEach((menu) => { if (menu !== but) menu.open = false; });
    document.addEventListener("click", (event) => shut(event.target.closest?.(".tools details")));
    line.addEventListener("keydown", (event) => {
      const menu = event.target.closest("details[open]");
      if (event.key !== "Escape" || !menu) return;
      event.stopPropagation();
      menu.open = false;
      menu.querySelector("summary").focus();
    });

    /* As large as the window lets it be, or each of its pixels one of the screen's. */
    const full = (wanted) => {
      zoom.setAttribute("aria-pressed", String(wanted));
      viewer.classList.toggle("full", wanted);
      picture.style.width = wanted ? `${picture.naturalWidth / devicePixelRatio}px` : "";
      if (wanted) ground.scrollTo((ground.scrollWidth - ground.clientWidth) / 2, (ground.scrollHeight - ground.clientHeight) / 2);
    };
    look.addEventListener("click", async () => {
      if (!own.source) return;
      picture.src = own.source;
      full(false);
      viewer.showModal();
      ground.focus();
    });
    picture.addEventListener("click", () => full(!viewer.classList.contains("full")));
    zoom.addEventListener("click", () => full(!viewer.classList.contains("full")));
    viewer.querySelector(".end").addEventListener("click", () => viewer.close());
    viewer.addEventListener("click", (event) => { if (event.target === viewer || event.target === ground) viewer.close(); });

    line.addEventListener("click", (event) => {
      const button = event.target.closest(".menu button");
      if (!button || !own.source) return;
      shut();
      about = own.source;
      const { tab, place, kind: file } = button.dataset;
      if (file) convert({ source: own.source, kind: file, turn: Math.random() });
      else if (own.source.startsWith(PLACE)) {
        window.styleshot.send({ paths: [decodeURIComponent(own.source.slice(PLACE.length))], tab, place });
      }
    });
    watch("value", () => {
      const { src, name, told } = value() || {};
      if (told) news.innerHTML = told;
      if (src) window.styleshot.fetched(src, name);
    });
    own.tools();
  };

  /* Keys, the title, and where the focus goes ------------------------------------------------------------------------ */

  const KINDS = ["text", "image", "classical"];
  const open = () => document.querySelector('#tabs [role="tab"][aria-selected="true"]')?.dataset.tabId;
  const seen = (id) => {
    const button = document.getElementById(id);
    return button?.offsetParent || button?.getClientRects().length ? button : null;
  };
  document.addEventListener("keydown", (event) => {
    const kind = open();
    if (!KINDS.includes(kind) || document.querySelector("dialog[open]")) return;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      const run = seen(`${kind}-run`);
      if (!run || run.disabled) return;
      event.preventDefault();
      // What is being typed counts: fields tell of it as they are left.
      const typed = document.activeElement;
      if (typed?.matches("input, textarea")) typed.dispatchEvent(new Event("change", { bubbles: true }));
      run.click();
    } else if (event.key === "Escape") {
      seen(`${kind}-stop`)?.click();
    }
  });

  /* On a phone the result lies far below the button: whoever presses it wants to see what comes. */
  document.addEventListener("click", (event) => {
    const kind = KINDS.find((one) => event.target.closest?.(`#${one}-run`));
    if (!kind || innerWidth >= 900) return;
    document.querySelector(`#${kind}-result figure`)?.scrollIntoView({ block: "center", behavior: "smooth" });
  });

  const busy = {};
  let done = false; // since nobody has looked
  const follow = () => {
    for (const kind of KINDS) {
      const now = Boolean(seen(`${kind}-stop`));
      if (now === Boolean(busy[kind])) continue;
      busy[kind] = now;
      const lost = [document.body, null].includes(document.activeElement) || document.activeElement.id === `${kind}-stop`;
      if (now) {
        done = false;
        if (lost) seen(`${kind}-stop`)?.focus({ preventScroll: true });
      } else if (open() === kind) {
        done = document.hidden;
        // The button that was pressed is gone with the run: whoever uses the keys goes on at the result.
        if (lost) document.querySelector(`#${kind}-result figure`)?.focus({ preventScroll: true });
      }
    }
  };
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) done = false;
    document.title = window.styleshot.title();
  });
  const state = () => (KINDS.some((kind) => busy[kind]) ? "painting" : done ? "done" : "");

  Object.assign(window.styleshot, { tools, follow, state });
})();
