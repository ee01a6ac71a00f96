/* After a Stop. Closing a run takes as long as the step it is in, and Gradio counts it as running until the server says
   that it is closed: what is asked for before that is dropped, or forgotten at the answer, so that no button stops it. */
(() => {
  const { fetch } = window;
  const CANCELS = /\/(cancel|reset)$/; // Gradio's client sends the one, then the other
  let sent = 0; // requests that cancel and are not answered yet
  let stops = 0; // buttons whose last word is still to come
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
    sent += 1;
    // A task later: by then the client has sent the second, or put its books in order.
    const answered = () => setTimeout(() => { sent -= 1; settle(); });
    answer.then(answered, answered);
    return answer;
  };

  Object.assign(window.styleshot, {
    /* Resolves once nothing is about to be cancelled. */
    cancelled: () => once(() => !sent),
    /* Resolves once nothing can be shown any more of what was stopped: at once, mostly. */
    stopped: () => once(() => !sent && !stops),
    stopping: (values) => { stops += 1; return values; },
    toldStopped: () => { stops -= 1; settle(); },
  });
})();
