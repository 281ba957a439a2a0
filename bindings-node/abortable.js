'use strict';

/* A wait that an `AbortSignal` ends. What is waited for goes on, since others may wait for it too. */

/** The outcome of what `begin` begins, or a rejection with the signal's reason once, or if already, it is aborted. */
async function abortable(begin, signal) {
  if (signal === undefined || signal === null) return begin();
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    begin()
      .then(resolve, reject)
      .finally(() => signal.removeEventListener('abort', abort));
  });
}

module.exports = { abortable };
