// Writes down, a line each, every host that a Node.js program connects to.
// Use: CONTACTS=/path/to/a/file NODE_OPTIONS='--require "/path/to/contacts.cjs"' node …
"use strict";

const { appendFileSync } = require("node:fs");
const { Socket } = require("node:net");

appendFileSync(process.env.CONTACTS, ""); // an empty file says: nobody

const connect = Socket.prototype.connect;

Socket.prototype.connect = function connectNoted(...given) {
  const [{ host = "127.0.0.1" }] = Array.isArray(given[0]) ? given[0] : given;
  appendFileSync(process.env.CONTACTS, `${host}\n`);
  return connect.apply(this, given);
};
