// SPDX-License-Identifier: Apache-2.0
// agent_field.test.tsx: the field for the agent offers those of the server.

import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { LockstepProvider } from "lockstep-client/react";
import { afterEach, describe, expect, test } from "vitest";

import { AgentField } from "../src/chat/page.js";
import { FakeClient } from "./fake_client.js";

afterEach(cleanup);

describe("the field for the agent", () => {
  test("offers the agents of the server when it gets the focus", async () => {
    const fake = new FakeClient([]);
    const rest = { models: [], params_allowed: [], images: false, running: 0, waiting: 0 };
    fake.agents = [
      { ...rest, name: "default", kind: "openai", default: true, model: "big" },
      { ...rest, name: "mine", kind: "push", default: false },
    ];
    const chosen: string[] = [];
    const { container } = render(
      <LockstepProvider client={fake.client}>
        <AgentField agent="default" onAgent={(agent) => chosen.push(agent)} />
      </LockstepProvider>,
    );
    expect(fake.asked).toEqual([]);

    fireEvent.focus(screen.getByTestId("agent"));
    await screen.findByText("big");
    fireEvent.change(screen.getByTestId("agent"), { target: { value: "mine" } });

    const offered = [...container.querySelectorAll("option")].map((it) => it.value);
    expect(offered).toEqual(["default", "mine"]);
    expect(chosen).toEqual(["mine"]);
    expect(fake.asked).toEqual(["agents"]);
  });
});
