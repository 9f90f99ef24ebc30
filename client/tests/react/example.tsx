// SPDX-License-Identifier: Apache-2.0
import { connect, textOf } from "lockstep-client";
import { LockstepProvider, useThread } from "lockstep-client/react";
import { useState } from "react";

const client = connect({ url: "http://127.0.0.1:7717" });

export function App() {
  return (
    <LockstepProvider client={client}>
      <Chat id="tea" />
    </LockstepProvider>
  );
}

function Chat({ id }: { id: string }) {
  const { messages, status, sendMessage, stop } = useThread(id);
  const [text, setText] = useState("");
  const send = () => {
    void sendMessage(text);
    setText("");
  };
  return (
    <form action={send}>
      {messages.map((message) => (
        <p key={message.id}>{textOf(message)}</p>
      ))}
      <input value={text} onChange={(event) => setText(event.target.value)} />
      <button disabled={text === ""}>Send</button>
      {status === "streaming" && (
        <button type="button" onClick={() => void stop()}>
          Stop
        </button>
      )}
    </form>
  );
}
