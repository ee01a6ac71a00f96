/* After a Stop. Closing a run takes as long as the step it is in, and Gradio counts it as running until the server says
   that it is closed: what is asked for before that is dropped, or forgotten at the answer, so that no button stops it.
   And a run that was only just begun has no id yet by which it could be cancelled: the id comes with the answer to what
   joins Gradio's queue. Gradio asks without it then, which the server refuses, and the run goes on.

   Each run has a name: the id of the button or panel that stops it. */
(() => {
  const { fetch } = window;
  const CANCELS = /\/(cancel|reset)$/; // Gradio's client sends the one, then the other
  const JOINS = /\/queue\/join(\?|$)/;
  const DONE = '{"success":true}'; // what the server answers to both
  const KNOWN = 100; // milliseconds after which the client has the id that was answered
  const LONGEST = 30000; // milliseconds until a run that has not asked to be queued is taken for one that never will
  let named = ""; // what is cancelled next
  const joining = {}; // number of Gradio's handler -> promise of the id of its event, for as long as only the server knows
  const wanted = {}; // number of Gradio's handler -> who waits until it joins the queue
  const names = {}; // event of Gradio -> which run it is
  const sent = []; // names of what is being cancelled, one for each request that is not answered yet
  const missed = new Set(); // names of what could not be cancelled
  const stops = new Set(); // names whose button has yet to say its last word
  let waiting = [];
  const settle = () => {
    const ready = waiting.filter(([over]) => over());
    waiting = waiting.filter((one) => !ready.includes(one));
    for (const [, begin] of ready) begin();
  };
  const once = (over) => (over() ? Promise.resolve() : new Promise((begin) => { waiting.push([over, begin]); }));

  const joined = (handler, answer) => {
    const id = answer.then((reply) => (reply.ok ? reply.clone().json() : {})).then((said) => said.event_id, () => null);
    joining[handler] = id;
    for (const tell of wanted[handler]?.splice(0) ?? []) tell(id);
    const forget = () => { if (joining[handler] === id) delete joining[handler]; };
    id.then(() => setTimeout(forget, KNOWN));
  };
  /* Cancels what has no id yet as soon as it has one. What was refused, and so has none, does not run. */
  const cancelLater = async ([address, options], asked) => {
    const handler = asked.fn_index;
    const event_id = await (joining[handler] ?? new Promise((tell) => {
      (wanted[handler] ??= []).push(tell);
      setTimeout(tell, LONGEST);
    }));
    if (!event_id) return new Response(DONE);
    return fetch(address, { ...options, body: JSON.stringify({ ...asked, event_id }) });
  };

  window.fetch = (...request) => {
    const address = String(request[0]?.url ?? request[0]);
    if (!CANCELS.test(address)) {
      const answer = fetch(...request);
      if (JOINS.test(address)) joined(JSON.parse(request[1]?.body ?? "{}").fn_index, answer);
      return answer;
    }
    const asked = JSON.parse(request[1]?.body ?? "{}");
    const early = asked.event_id === null;
    // What it was to end has been cancelled by its id, and here the server does nothing anyway.
    if (early && address.endsWith("/reset")) return Promise.resolve(new Response(DONE));
    const name = early ? named : (names[asked.event_id] ??= named);
    sent.push(name);
    const reply = early ? cancelLater(request, asked) : fetch(...request);
    // A task later: by then the client has sent the second, or put its books in order.
    const answered = (good) => setTimeout(() => {
      if (!good) missed.add(name);
      sent.splice(sent.indexOf(name), 1);
      settle();
    });
    reply.then(({ ok }) => answered(ok), () => answered(false));
    return reply;
  };

  /* The second click of a double click is meant for what the first was meant for. What takes the place of a button at
     once, such as Stop, is not pressed by it, and what can be done but once is not done twice. A later press is one,
     and so is what is pressed by a key, or by the page. */
  const CHANGING = '[id$="-run"], [id$="-again"], [id$="-stop"], .paint, .halt, .factors button, [data-act="fetch"],'
    + ".library button, .presets button";
  const ONCE = "form [type=submit], .library .delete, .library .undo, .history .delete, .history .clear, .history .undo";
  let before = null; // the button that the click before was on
  document.addEventListener("click", (event) => {
    if (!event.detail) return;
    const [first, button] = [before, event.target.closest?.("button")];
    before = button;
    if (!first || event.detail < 2) return;
    if (first === button ? !button.matches(ONCE) : !first.matches(CHANGING)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
  }, true);

  const isCancelled = (name) => !sent.includes(name);
  const isOver = (name) => isCancelled(name) && !stops.has(name);
  const last = {};
  /* Does it once nothing can be shown any more of what was stopped: at once, mostly. Of several that wait, the last. */
  const afterStop = async (name, begin) => {
    const mine = (last[name] = (last[name] ?? 0) + 1);
    if (!isOver(name)) await once(() => isOver(name));
    if (mine === last[name]) begin();
  };
  // Buttons that begin a run are off until it can; but others may put them on, such as a model that is chosen.
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("#classical-run, #classical-again, #text-run, #image-run");
    const name = button && `${button.id.split("-")[0]}-stop`;
    const again = stops.has(event.target.closest?.("button")?.id); // Stop, pressed twice: the server takes it amiss
    if (!again && (!button || isOver(name))) return;
    event.stopImmediatePropagation();
    if (!again) afterStop(name, () => button.click());
  }, true);

  Object.assign(window.styleshot, {
    cancelling: (name) => { named = name; },
    /* Resolves once nothing of that name is about to be cancelled, to whether all of it is. */
    cancelled: (name) => once(() => isCancelled(name)).then(() => !missed.delete(name)),
    afterStop,
    stopping: (name) => { named = name; stops.add(name); },
    toldStopped: (name) => { stops.delete(name); settle(); },
  });
})();
