// SPDX-License-Identifier: Apache-2.0
// page.tsx: the chat: the list of threads next to the thread that is shown.

import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import type { JSX, RefObject } from "react";
import type { Agent } from "lockstep-client";
import { useClient, useThread } from "lockstep-client/react";

import { Icon, IconButton } from "../icons.js";
import { chatAddress, go, inspectAddress, nameThread, newThreadId, sideAddress } from "../route.js";
import { readSetting, writeSetting } from "../settings.js";
import { useTheme } from "../theme.js";
import { Conversation } from "./conversation.js";
import type { ConversationKeys } from "./conversation.js";
import { plainKey, ShortcutsDialog, useShortcuts, useSingleKeys, withAlt } from "./shortcuts.js";
import type { Shortcut } from "./shortcuts.js";
import { titleOf } from "./text.js";
import { isUnknown } from "./messages.js";
import { ThreadList } from "./thread_list.js";
import { Rename } from "./thread_row.js";

// A thread that this tab made stays "new" over a reload: the server need not know it yet.
const made = new Set([readSetting("made", "session")]);

function makeThread(): string {
  const id = newThreadId();
  made.add(id);
  writeSetting("made", id, "session");
  return id;
}

export function useAgent(): readonly [string, (agent: string) => void] {
  const [agent, setAgent] = useState(() => readSetting("agent") ?? "default");
  return [
    agent,
    (value) => {
      writeSetting("agent", value === "" || value === "default" ? null : value);
      setAgent(value === "" ? "default" : value);
    },
  ];
}

export function ChatPage({ thread }: { readonly thread: string | null }): JSX.Element {
  const unnamed = useMemo(makeThread, [thread === null]);
  const id = thread ?? unnamed;
  // The address names the thread from the start, so that a reload returns to it.
  useEffect(() => {
    if (thread === null) nameThread("chat", chatAddress(unnamed));
  }, [thread, unnamed]);
  const [drawer, setDrawer] = useState(false);
  const [keysOpen, setKeysOpen] = useState(false);
  const [singleKeys, setSingleKeys] = useSingleKeys();
  const [agent, setAgent] = useAgent();
  const conversation = useRef<ConversationKeys>(null);
  const find = useRef<HTMLInputElement>(null);
  const focusComposer = useCallback(() => conversation.current?.focusComposer(), []);
  const openNew = useCallback(() => {
    setDrawer(false);
    go(chatAddress(makeThread()));
    queueMicrotask(focusComposer);
  }, [focusComposer]);
  const openKeys = useCallback(() => setKeysOpen(true), []);
  const closeDrawer = useCallback(() => setDrawer(false), []);
  const shortcuts = useChatShortcuts(id, { conversation, find, openNew, openKeys });
  useShortcuts(shortcuts, singleKeys);
  useEffect(() => {
    if (matchMedia("(hover: hover)").matches) focusComposer();
  }, [id, focusComposer]);
  return (
    <div className="chat" data-drawer={drawer ? "" : undefined}>
      <Side
        thread={id}
        agent={agent}
        onAgent={setAgent}
        onKeys={openKeys}
        onNew={openNew}
        onClose={closeDrawer}
        toComposer={focusComposer}
        find={find}
      />
      {drawer ? <div className="shade" onClick={closeDrawer} /> : null}
      <main inert={drawer}>
        <ThreadHeader key={id} thread={id} onMenu={() => setDrawer(true)} />
        <Conversation
          key={`of ${id}`}
          ref={conversation}
          thread={id}
          agent={agent}
          fresh={made.has(id)}
        />
      </main>
      <ShortcutsDialog
        open={keysOpen}
        shortcuts={shortcuts}
        singleKeys={singleKeys}
        onSingleKeys={setSingleKeys}
        onClose={() => setKeysOpen(false)}
      />
    </div>
  );
}

interface SideProps extends SideFootProps {
  readonly onNew: () => void;
  readonly onClose: () => void;
  readonly toComposer: () => void;
  readonly find: RefObject<HTMLInputElement | null>;
}

function Side(props: SideProps): JSX.Element {
  const { thread, onNew, onClose } = props;
  return (
    <nav className="side" aria-label="Threads" id="threads">
      <a
        className="skip"
        href="#composer"
        onClick={(event) => {
          event.preventDefault();
          props.toComposer();
        }}
      >
        Go to the message field
      </a>
      <header>
        <span className="wordmark">Lockstep</span>
        <IconButton icon="close" label="Close the list" onClick={onClose} testId="close-list" />
      </header>
      <button type="button" className="new" onClick={onNew} data-testid="new-thread">
        <Icon name="new" /> New thread
      </button>
      <ThreadList current={thread} onNew={onNew} onChosen={onClose} find={props.find} />
      <SideFoot {...props} />
    </nav>
  );
}

/** The parts of the page that the keys act on. */
interface Reach {
  readonly conversation: RefObject<ConversationKeys | null>;
  readonly find: RefObject<HTMLInputElement | null>;
  readonly openNew: () => void;
  readonly openKeys: () => void;
}

function useChatShortcuts(id: string, reach: Reach): readonly Shortcut[] {
  const { conversation, find, openNew, openKeys } = reach;
  const client = useClient();
  // Reads the list when the key is pressed. A subscription would render the page with each token of
  // any thread.
  const move = (by: number): void => {
    const living = client.threads().view.threads.filter((thread) => !thread.archived);
    const at = living.findIndex((thread) => thread.id === id);
    const next = living[at === -1 ? 0 : at + by];
    if (next !== undefined) go(chatAddress(next.id));
  };
  const alt = (key: string, code: string, says: string, run: () => void): Shortcut => ({
    keys: `Alt + ${key}`,
    says,
    matches: withAlt(code),
    single: false,
    run,
  });
  return [
    alt("N", "KeyN", "New thread", openNew),
    alt("↑", "ArrowUp", "Previous thread", () => move(-1)),
    alt("↓", "ArrowDown", "Next thread", () => move(1)),
    alt("K", "KeyK", "Find a thread", () => find.current?.focus()),
    alt("E", "KeyE", "Edit your last message", () => conversation.current?.editLast()),
    alt("R", "KeyR", "Answer again", () => conversation.current?.answerAgain()),
    alt("I", "KeyI", "Inspect the thread", () => go(inspectAddress(id))),
    alt("Z", "KeyZ", "Undo the last deletion", () => conversation.current?.undoLast()),
    {
      keys: "/",
      says: "Go to the message field",
      matches: plainKey("/"),
      single: true,
      run: () => conversation.current?.focusComposer(),
    },
    { keys: "?", says: "Show the keys", matches: plainKey("?"), single: true, run: openKeys },
  ];
}

interface SideFootProps {
  readonly thread: string;
  readonly agent: string;
  readonly onAgent: (agent: string) => void;
  readonly onKeys: () => void;
}

/** Offers the agents of the server, as they are when the field gets the focus. */
export function AgentField({
  agent,
  onAgent,
}: Pick<SideFootProps, "agent" | "onAgent">): JSX.Element {
  const client = useClient();
  const [known, setKnown] = useState<readonly Agent[]>([]);
  const ask = (): void => {
    void client.agents().then((answer) => answer.ok && setKnown(answer.agents));
  };
  return (
    <label className="agent">
      Agent
      <input
        value={agent}
        list="agents"
        spellCheck={false}
        autoCapitalize="off"
        data-testid="agent"
        onFocus={ask}
        onChange={(event) => onAgent(event.target.value.trim())}
      />
      <datalist id="agents">
        {known.map(({ name, model }) => (
          <option key={name} value={name}>
            {model ?? ""}
          </option>
        ))}
      </datalist>
    </label>
  );
}

function SideFoot({ thread, agent, onAgent, onKeys }: SideFootProps): JSX.Element {
  const [theme, nextTheme] = useTheme();
  return (
    <footer>
      <AgentField agent={agent} onAgent={onAgent} />
      <a href={sideAddress(thread)}>
        <Icon name="sides" /> Side by side
      </a>
      <div>
        <button type="button" onClick={nextTheme} data-testid="theme">
          <Icon name="theme" />{" "}
          {theme === "system" ? "System" : theme === "dark" ? "Dark" : "Light"}
        </button>
        <button type="button" onClick={onKeys} aria-label="Keys">
          Keys <kbd>?</kbd>
        </button>
      </div>
    </footer>
  );
}

interface ThreadHeaderProps {
  readonly thread: string;
  readonly onMenu: () => void;
}

function ThreadHeader({ thread, onMenu }: ThreadHeaderProps): JSX.Element {
  const client = useClient();
  const { view } = useThread(thread);
  const [renaming, setRenaming] = useState(false);
  const title = isUnknown(view) && !made.has(thread) ? "No such thread" : titleOf(view.thread);
  return (
    <header className="bar">
      <span className="menu">
        <IconButton icon="menu" label="Threads" onClick={onMenu} testId="menu" />
      </span>
      {renaming ? (
        <Rename
          title={view.thread?.title ?? ""}
          onDone={(value) => {
            setRenaming(false);
            if (value !== null && value !== view.thread?.title) {
              void client.thread(thread).update({ title: value });
            }
          }}
        />
      ) : (
        <h1 data-testid="title" dir="auto">
          {title}
        </h1>
      )}
      {renaming || view.thread === null ? null : (
        <IconButton icon="edit" label="Rename" onClick={() => setRenaming(true)} />
      )}
      <a className="bar-link" href={inspectAddress(thread)} data-testid="inspect">
        <Icon name="inspect" /> <span>Inspect</span>
      </a>
    </header>
  );
}
