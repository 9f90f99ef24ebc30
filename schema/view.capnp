# SPDX-License-Identifier: Apache-2.0
@0xa86f1e4d92b03c7b;
# view.capnp: the states that entries fold to, as rows.
#
# A cache: `lockstep rebuild` makes every row here again from the log, except tombstones (ThreadRecord).
# A row's value is this message in canonical form, packed, behind a version byte and before a checksum
# over its key, the version byte and the message (docs/log-format.md). A row names messages and runs by
# id, so that it can be read by itself; times are absolute. Absent optional texts are null pointers, as
# in event.capnp.
#
# The rules of evolution are those of event.capnp, with one freedom: a change that they forbid raises
# `row_version` (engine/store/row_codec.h), and rows of another version are made again from the log.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("lockstep::schema");
using Event = import "event.capnp";

struct MessageState {
  id @0 :Data;
  parent @1 :Data;        # optional
  run @2 :Data;           # optional
  author @3 :Data;        # optional
  parts @4 :List(Event.Part);
  lengths @5 :List(UInt32);
  usage @6 :Data;         # optional
  metadata @7 :Data;      # optional
  role @8 :Event.Role;
  status @9 :Event.MessageStatus;
  deleted @10 :Bool;
  created @11 :UInt64;
  updated @12 :UInt64;
  whole @13 :UInt64;
  written @14 :UInt32;
  # Since format 3 of the store.
  finish @15 :Event.Finish;  # optional
  continues @16 :Bool;    # it goes on where its parent was cut
  opaque @17 :List(Event.OpaqueData);
  calls @18 :List(Event.CallNote);
}

struct RunState {
  id @0 :Data;
  agent @1 :Data;
  input @2 :List(Event.MessageInput);
  anchor @3 :Data;        # optional: the place's message
  params @4 :Data;        # optional
  head @5 :Data;          # optional
  settings @6 :Data;      # optional, 32 bytes
  error @7 :Event.RunError;  # optional
  usage @8 :Data;         # optional
  model @9 :Data;         # optional
  messages @10 :List(UInt32);
  cutCalls @11 :List(Data);
  status @12 :Event.RunStatus;
  place @13 :Event.PlaceKind;
  attempt @14 :UInt32 = 1;
  seq @15 :UInt64;
  queued @16 :UInt64;
  updated @17 :UInt64;
  contextAt @18 :UInt64;  # 0: none; so the next two
  started @19 :UInt64;
  ended @20 :UInt64;
  endedByProducer @21 :Bool;
  # Since format 3 of the store.
  continues @22 :Data;    # optional
  finishReason @23 :Data;  # optional
  repairs @24 :List(Event.NotedRepair);
  resume @25 :Event.Resume;  # optional
  claim @26 :Data;
}

struct DeviceRow {
  user @0 :Data;
  device @1 :Data;
  newest @2 :UInt64;      # the greatest timestamp in the acks
  acks @3 :List(Event.Ack);
}

# The fields of a thread that fronts see, besides its messages and runs.
struct Thread {
  id @0 :Data;
  title @1 :Data;
  metadata @2 :Data;
  head @3 :Data;          # optional
  created @4 :UInt64;
  updated @5 :UInt64;
  archived @6 :Bool;
  running @7 :Bool;
  approvedTools @8 :List(Data);  # since format 3
}

# The row of the thread itself: it has the numbers of the other rows of its snapshot.
struct SnapshotHeader {
  thread @0 :Thread;
  owner @1 :Data;
  now @2 :UInt64;         # the snapshot's timestamp
  messages @3 :UInt32;    # the number of rows; so the next two
  runs @4 :UInt32;
  devices @5 :UInt32;
  running @6 :UInt32;     # one up
  waiting @7 :List(UInt32);
  titled @8 :Bool;
  awaiting @9 :List(UInt32);  # since format 3
}

# A row of the table `threads`, and of `meta` under `deleted/`.
struct ThreadRecord {
  number @0 :UInt64;
  owner @1 :Data;
  thread @2 :Thread;      # null: the thread is deleted
  view @3 :UInt64;        # the timestamp of its snapshot; 0: it has none
  last @4 :UInt64;        # the timestamp of the entry that this row came with
  id @5 :Data;            # of a deleted thread only
}

# A row of the table `open_runs`.
struct OpenRun {
  thread @0 :Data;
  run @1 :Data;
  status @2 :Event.RunStatus;
  attempt @3 :UInt32 = 1;
  owner @4 :Data;         # of the thread; format 1 of the store had none (engine/rocks/upgrade.h)
  # From these a start decides whether a run that has started outlives the process.
  agent @5 :Data;
  started @6 :UInt64;
  settings @7 :Data;      # SHA-256; empty before the start
}

# A row of the table `feed`.
struct FeedItem {
  thread @0 :Data;
  removed @1 :Bool;
  owner @2 :Data;         # of the thread; null: the user of the feed
}
