// connection.ts: what makes a connection; loaded by the tab that leads.

export { NetLink } from "./link.js";
export { openSocket } from "./socket.js";
