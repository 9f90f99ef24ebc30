// SPDX-License-Identifier: Apache-2.0
// context.tsx: hands a client to the components below.

import { createContext, useContext } from "react";
import type { JSX, ReactNode } from "react";

import type { Client } from "../src/types.js";

const Context = createContext<Client | null>(null);

export interface LockstepProviderProps {
  readonly client: Client;
  readonly children?: ReactNode;
}

export function LockstepProvider({ client, children }: LockstepProviderProps): JSX.Element {
  return <Context.Provider value={client}>{children}</Context.Provider>;
}

/** The client of the nearest provider, or the one that is handed in. */
export function useClient(client?: Client): Client {
  const provided = useContext(Context);
  const found = client ?? provided;
  if (found === null)
    throw new Error("useClient has no client: put a <LockstepProvider> above, or hand one in");
  return found;
}
