'use strict';

/*
 * What flights told, for `diagnostics_channel`: on the thread of a caller, never on the one that mints tokens. What
 * somebody should look at is a warning of the process too.
 */

const { channel } = require('node:diagnostics_channel');
const { errorFrom, guarded } = require('./errors.js');

const refresh = channel('rolebridge:refresh');

/** Tells the channel's subscribers what the flights of this process did since it was called last. */
function tell(source) {
  for (const flight of guarded(() => source.flights())) {
    for (const warning of flight.warnings) {
      process.emitWarning(warning, { type: 'RolebridgeWarning', code: 'ROLEBRIDGE_FLIGHT' });
    }
    if (refresh.hasSubscribers) refresh.publish(withErrors(flight));
  }
}

/** With errors of our classes, and with no member that has nothing to say. */
function withErrors({ error, steps, ...flight }) {
  return {
    ...flight,
    begunAt: new Date(flight.begunAt),
    steps: steps.map((step) => (step.error ? { ...step, error: errorFrom(step.error) } : step)),
    ...(error && { error: errorFrom(error) }),
  };
}

module.exports = { tell };
