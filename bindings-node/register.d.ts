// Loading it is all: see register.js.
export {};
