'use strict';

/* A wait that an `AbortSignal` ends. What is waited for goes on, since others may wait for it too. */

/** The outcome of a promise, or a rejection with the signal's reason once it is aborted. Without a signal, the promise. */
function abortable(promise, signal) {
  if (signal === undefined || signal === null) return promise;
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

module.exports = { abortable };
