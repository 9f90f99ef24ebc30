// SPDX-License-Identifier: Apache-2.0
// page_scene.mjs: a model server, a server, a network that can be broken, and a browser.

import { Aimock } from "./aimock.mjs";
import { openBrowser } from "./browser.mjs";
import { Proxy } from "./proxy.mjs";
import { Server, usualAgents } from "./server.mjs";

export class PageScene {
  static async open(fixtures) {
    const scene = new PageScene();
    try {
      scene.aimock = await Aimock.start(fixtures);
      scene.server = await Server.start({ config: { agents: usualAgents(scene.aimock) } });
      scene.proxy = await Proxy.between(scene.server.port);
      scene.browser = await openBrowser();
    } catch (error) {
      await scene.dispose();
      throw error;
    }
    return scene;
  }

  async dispose() {
    for (const end of [() => this.browser?.close(), () => this.proxy?.dispose(), () => this.server?.dispose()]) {
      await end();
    }
    await this.aimock?.dispose();
  }
}
