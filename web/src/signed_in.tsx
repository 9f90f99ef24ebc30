// SPDX-License-Identifier: Apache-2.0
// signed_in.tsx: makes the client that the pages share; asks for a token if the server wants one.

import { useCallback, useEffect, useState } from "react";
import type { FormEvent, JSX, ReactNode } from "react";
import { connect, indexedDbStore } from "lockstep-client";
import type { Client, Store } from "lockstep-client";
import { LockstepProvider, useConnection } from "lockstep-client/react";

import { readSetting, storeNameOf, writeSetting } from "./settings.js";

export function storedToken(): string | undefined {
  return readSetting("token", "session") ?? readSetting("token") ?? undefined;
}

function keepToken(token: string, remember: boolean): void {
  writeSetting("token", remember ? token : null);
  writeSetting("token", remember ? null : token, "session");
}

/** Each token has its own database: another token must not send its changes. */
const storeOf = (token: string | undefined): Promise<Store> | undefined =>
  token === undefined ? undefined : indexedDbStore(storeNameOf(location.origin, token));

/** A client for as long as the page is open; a new token makes a new one. */
export function SignedIn({ children }: { readonly children: ReactNode }): JSX.Element | null {
  const [client, setClient] = useState<Client | null>(null);
  const [token, setToken] = useState(storedToken);
  useEffect(() => {
    const made = connect({ token, store: storeOf(token) });
    setClient(made);
    return () => void made.close();
  }, [token]);
  const enter = useCallback((entered: string, remember: boolean) => {
    keepToken(entered, remember);
    setToken(entered);
  }, []);
  if (client === null) return null;
  return (
    <LockstepProvider client={client}>
      <Gate client={client} refused={token !== undefined} onToken={enter}>
        {children}
      </Gate>
    </LockstepProvider>
  );
}

interface GateProps {
  readonly client: Client;
  readonly refused: boolean;
  readonly onToken: (token: string, remember: boolean) => void;
  readonly children: ReactNode;
}

function Gate({ client, refused, onToken, children }: GateProps): JSX.Element {
  const connection = useConnection(client);
  if (connection.state !== "unauthorized") return <>{children}</>;
  return <TokenScreen refused={refused} onToken={onToken} onRetry={() => client.reconnect()} />;
}

interface TokenScreenProps {
  readonly refused: boolean;
  readonly onToken: (token: string, remember: boolean) => void;
  readonly onRetry: () => void;
}

function TokenScreen({ refused, onToken, onRetry }: TokenScreenProps): JSX.Element {
  const [token, setToken] = useState("");
  const [remember, setRemember] = useState(true);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const entered = token.trim();
    if (entered === "") return;
    if (entered === storedToken()) onRetry();
    onToken(entered, remember);
  };
  return (
    <main className="gate" data-testid="token-screen">
      <form onSubmit={submit}>
        <h1>Lockstep</h1>
        <p>
          {refused
            ? "The server did not take the token. It may have been revoked."
            : "This server wants a token."}{" "}
          The operator makes one with <code>lockstep token</code>.
        </p>
        <label>
          Token
          <input
            type="password"
            autoComplete="current-password"
            autoFocus
            required
            value={token}
            onChange={(event) => setToken(event.target.value)}
          />
        </label>
        <label className="check">
          <input
            type="checkbox"
            checked={remember}
            onChange={(event) => setRemember(event.target.checked)}
          />
          Remember it in this browser
        </label>
        <button className="primary" type="submit">
          Continue
        </button>
      </form>
    </main>
  );
}
