// A module of its own, so that loading it can be put off: bundlers give the names of a CommonJS module such as undici to
// static imports only.
export { Agent, ProxyAgent, request } from 'undici';
