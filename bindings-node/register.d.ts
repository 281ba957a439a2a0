// Loading it is all: `node --require rolebridge/register`, or `setupFiles` of Jest. What it does not reach is warned of once.
export {};
