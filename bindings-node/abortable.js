'use strict';

/* A wait that an `AbortSignal` ends. What is waited for goes on, since others may wait for it too. */

/** The outcome of what `begin` begins, or a rejection with the signal's reason once, or if already, it is aborted. */
async function abortable(begin, signal) {
  if (signal === undefined || signal === null) return begin();
  if (signal.aborted) throw reasonOf(signal);
  return new Promise((resolve, reject) => {
    const abort = () => reject(reasonOf(signal));
    signal.addEventListener('abort', abort, { once: true });
    begin()
      .then(resolve, reject)
      .finally(() => signal.removeEventListener('abort', abort));
  });
}

/** A signal of the package `abort-controller`, which Google's clients for older Nodes make, has none. */
function reasonOf({ reason }) {
  return reason ?? new DOMException('This operation was aborted', 'AbortError');
}

module.exports = { abortable };
