// SPDX-License-Identifier: Apache-2.0
// scene.mjs: a server, and the model server behind it, for one file of tests.

import { Aimock, keyed } from "./aimock.mjs";
import { Server, usualAgents } from "./server.mjs";
import { Socket } from "./socket.mjs";

export async function scene(name, fixtures = []) {
  const aimock = await Aimock.start(fixtures);
  const starting = Server.start({ name, config: { agents: usualAgents(aimock) } });
  const server = await starting.catch(async (error) => {
    await aimock.dispose();
    throw error;
  });
  const sockets = [];
  const socket = async () => {
    const opened = await Socket.open(server);
    sockets.push(opened);
    return opened;
  };
  const dispose = async () => {
    for (const it of sockets) it.web.close();
    await server.dispose();
    await aimock.dispose();
  };
  return { server, aimock, socket, dispose };
}

// --- Changes, by name -------------------------------------------------------------------------------

export const says = (text, id) => ({ ...(id && { id }), text });

// A run with one user message that asks the model server for the answer of this key.
export const asks = (run, key, more = {}) => ({
  type: "start_run",
  run,
  input: [says(`please ${keyed(key)}`, `${run}-asked`)],
  ...more,
});

export const pushes = (run, text, more = {}) => ({
  type: "start_run",
  run,
  agent: "push",
  input: text === undefined ? [] : [says(text, `${run}-asked`)],
  ...more,
});

export const isOver = (screen, run) =>
  !["queued", "running", undefined].includes(screen.runs.get(run)?.status);

export const isRunning = (screen, run) => screen.runs.get(run)?.status === "running";
