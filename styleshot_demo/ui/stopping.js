/* After a Stop. Closing a run takes as long as the step it is in, and Gradio counts it as running until the server says
   that it is closed: what is asked for before that is dropped, or forgotten at the answer, so that no button stops it.

   Each run has a name: the id of the button or panel that stops it. */
(() => {
  const { fetch } = window;
  const CANCELS = /\/(cancel|reset)$/; // Gradio's client sends the one, then the other
  let named = ""; // what is cancelled next
  const names = {}; // event of Gradio -> which run it is
  const sent = []; // names of what is being cancelled, one for each request that is not answered yet
  const stops = new Set(); // names whose button has yet to say its last word
  let waiting = [];
  const settle = () => {
    const ready = waiting.filter(([over]) => over());
    waiting = waiting.filter((one) => !ready.includes(one));
    for (const [, begin] of ready) begin();
  };
  const once = (over) => (over() ? Promise.resolve() : new Promise((begin) => { waiting.push([over, begin]); }));

  window.fetch = (...request) => {
    const answer = fetch(...request);
    if (!CANCELS.test(request[0]?.url ?? request[0])) return answer;
    const { event_id } = JSON.parse(request[1]?.body ?? "{}");
    const name = (names[event_id] ??= named);
    sent.push(name);
    // A task later: by then the client has sent the second, or put its books in order.
    const answered = () => setTimeout(() => { sent.splice(sent.indexOf(name), 1); settle(); });
    answer.then(answered, answered);
    return answer;
  };

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
    /* Resolves once nothing of that name is about to be cancelled. */
    cancelled: (name) => once(() => isCancelled(name)),
    afterStop,
    stopping: (name) => { named = name; stops.add(name); },
    toldStopped: (name) => { stops.delete(name); settle(); },
  });
})();
