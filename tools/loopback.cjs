// For a test tool that would listen on every address of the machine: it listens on this machine's own alone.
// Use: node --require /path/to/loopback.cjs …
"use strict";

const { Server } = require("node:net");

const listen = Server.prototype.listen;
const HOST = "127.0.0.1";

Server.prototype.listen = function listenHere(first, ...others) {
  if (first !== null && typeof first === "object") return listen.call(this, { ...first, host: HOST }, ...others);
  const rest = typeof others[0] === "string" ? others.slice(1) : others;
  return listen.call(this, first, HOST, ...rest);
};
