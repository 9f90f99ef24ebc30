# SPDX-License-Identifier: Apache-2.0
@0xd1c3a6f0b7e24c59;
# event.capnp: every fact that the log may hold.
#
# An `Entry` is one append to a thread's log. Its body in the log is this message in canonical form (one
# segment, no segment table, trailing zero words left out), packed. docs/log-format.md shows the bytes
# around it. These bytes are kept for ever, so:
#
# The rules of evolution
#   1. Never renumber or remove anything here, or give it another meaning or default. A field that is no
#      longer written keeps its place, and its comment says since when.
#   2. Put a new field behind all others of its struct; its zero must mean what its absence meant. A field
#      that is not set costs nothing: canonical form leaves it out.
#   3. Put a new kind of event, part or enumerant behind the others. An older reader does not know its
#      number and refuses the entry; it never guesses.
#   4. If a reader must not overlook a new field, raise `Entry.needs` in the entries that use it, and only
#      in those. A reader refuses an entry that needs a greater number than the reader knows.
#   5. A change that these rules forbid is a new format of the store (its number is in the table `meta`).
#   6. Every change adds bytes to tests/schema, written by the version that made it, read for ever after.
#
# How entries stay small
#   - Most entries are one append to one part. They have a form of their own (`Shape.append`) in the first
#     three words of the entry; the fields behind these are not set.
#   - A message or run is named by its number: its place in the order in which the thread got it. An
#     optional number is stored "one up": 0 is no number, n + 1 is number n.
#   - A timestamp that an entry implies is not stored. One that may differ is stored as a distance back
#     from the entry's own timestamp, which is in its key.
#   - Text is Data: UTF-8, any code point, no terminator. An absent optional text is a null pointer; an
#     empty one is an empty list.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("lockstep::schema");

struct Entry {
  since @0 :UInt64;      # from the entry before it, in microseconds; 0: this is the thread's first
  # With Shape.append: the one ContentAppended.
  message @1 :UInt32;
  at @2 :UInt32;
  seq @3 :UInt64;        # of the producer's offset
  text @4 :Data;
  part @5 :UInt32;
  attempt @6 :UInt32 = 1;  # of the producer's offset
  shape @7 :Shape;
  mark @8 :Mark;
  run @9 :UInt32;        # of the producer's offset, with Mark.run
  events @10 :List(Event);  # with Shape.events
  acks @11 :List(Ack);
  origin @12 :Origin;
  needs @13 :UInt16 = 1;  # the least version of these rules that a reader must know

  enum Shape {
    append @0;  # one ContentAppended, no acks, no origin
    events @1;
  }

  # The run whose steps the entry holds (the producer's offset, with `attempt` and `seq`).
  enum Mark {
    author @0;  # the run that writes the appended message (Shape.append only)
    none @1;
    run @2;
  }
}

# In a thread's first entry only.
struct Origin {
  thread @0 :Data;
  owner @1 :Data;
}

struct Event {
  union {
    contentAppended :group {
      message @0 :UInt32;
      part @1 :UInt32;
      at @2 :UInt32;
      text @3 :Data;
    }
    partStarted :group {
      message @4 :UInt32;
      part @5 :UInt32;
      value @6 :Part;
    }
    messageCreated :group {
      number @7 :UInt32;    # the next of the thread
      parent @8 :UInt32;    # one up
      run @9 :UInt32;
      role @10 :Role;
      id @11 :Data;
      author @12 :Data;     # optional
      # Since format 3: the message goes on where its parent was cut.
      continues @27 :Bool;
    }
    messageEnded :group {
      message @13 :UInt32;
      status @14 :MessageStatus;
      usage @15 :Data;      # optional
      finish @28 :Finish;   # optional; since format 3
    }
    messageCut :group {
      message @16 :UInt32;
      status @17 :MessageStatus;
      keep @18 :List(UInt32);
    }
    messageDeleted @19 :UInt32;
    headMoved :group {
      head @20 :UInt32;     # one up
      from @21 :UInt32;     # one up
    }
    messagePut @22 :MessagePut;
    threadUpdated @23 :ThreadUpdated;
    runQueued @24 :RunQueued;
    runStarted @25 :RunStarted;
    runEnded @26 :RunEnded;
    # Since format 3.
    repairsNoted :group {
      run @29 :UInt32;
      repairs @30 :List(NotedRepair);
    }
    opaqueNoted :group {
      message @31 :UInt32;
      data @32 :OpaqueData;
    }
    attemptStarted @33 :AttemptStarted;
    callNoted :group {
      message @34 :UInt32;
      note @35 :CallNote;
    }
    resumeNoted :group {
      run @36 :UInt32;
      resume @37 :Resume;
    }
  }
}

# Since format 3. What only the model server that wrote it can read.
struct OpaqueData {
  part @0 :UInt32;        # one up; 0: of the message as a whole
  origin @1 :Data;
  value @2 :Data;         # JSON
}

# Since format 3. Another writer took the run over.
struct AttemptStarted {
  run @0 :UInt32;
  attempt @1 :UInt32;
  agent @2 :Data;
  model @3 :Data;         # optional
  settings @4 :Data;      # SHA-256, 32 bytes
  claim @5 :Data;
  error @6 :RunError;     # optional
}

# Since format 3. The state of a tool call.
struct CallNote {
  part @0 :UInt32;
  status @1 :CallStatus;
  reason @2 :Data;
}

enum CallStatus {
  needsApproval @0;
  approved @1;
  denied @2;
  running @3;
}

# Since format 3. How a run waits for the results of its calls.
struct Resume {
  status @0 :ResumeStatus;
  until @1 :UInt64;       # 0: it does not wait
  next @2 :Data;          # optional: the run's id
  why @3 :Data;
}

enum ResumeStatus {
  asked @0;
  waiting @1;
  resumed @2;
  givenUp @3;
}

# Since format 3. How a model server ended an answer.
struct Finish {
  reason @0 :Data;        # optional
  model @1 :Data;         # optional
}

# Since format 3. How a run's request differs from its path.
struct NotedRepair {
  kind @0 :Data;
  count @1 :UInt64;
  ids @2 :List(Data);
}

struct MessagePut {
  number @0 :UInt32;      # the next: a new message; else the message that this one replaces
  parent @1 :UInt32;      # one up
  run @2 :UInt32;         # one up
  role @3 :Role;
  status @4 :MessageStatus;
  id @5 :Data;            # of a new message only
  parts @6 :List(Part);
  author @7 :Data;        # optional
  metadata @8 :Data;      # optional
  usage @9 :Data;         # optional
  createdBack @10 :UInt64;  # from the entry's timestamp, modulo 2^64
  updatedBack @11 :UInt64;
  # Since format 3.
  finish @12 :Finish;     # optional
  continues @13 :Bool;    # it goes on where its parent was cut
  opaque @14 :List(OpaqueData);
  calls @15 :List(CallNote);
}

struct ThreadUpdated {
  title @0 :Data;         # optional
  metadata @1 :Data;      # optional
  archived @2 :Archived;
  approvedTools @3 :List(Data);  # optional; since format 3

  enum Archived {
    same @0;
    no @1;
    yes @2;
  }
}

struct RunQueued {
  number @0 :UInt32;      # the next
  anchor @1 :UInt32;      # one up: the place's message
  place @2 :PlaceKind;
  run @3 :Data;
  agent @4 :Data;
  input @5 :List(MessageInput);
  params @6 :Data;        # optional
  continues @7 :UInt32;   # one up; since format 3
  resumes @8 :Bool;       # since format 3
}

struct RunStarted {
  run @0 :UInt32;
  attempt @1 :UInt32 = 1;
  head @2 :UInt32;        # one up
  settings @3 :Data;      # SHA-256, 32 bytes
  model @4 :Data;         # optional
}

struct RunEnded {
  run @0 :UInt32;
  status @1 :RunStatus;
  error @2 :RunError;     # optional
  usage @3 :Data;         # optional
  finish @4 :Finish;      # optional; since format 3
}

struct RunError {
  code @0 :Data;
  detail @1 :Data;
}

# Not in the tree yet, so it has no number.
struct MessageInput {
  id @0 :Data;
  role @1 :Role;
  parts @2 :List(Part);
  author @3 :Data;        # optional
  metadata @4 :Data;      # optional
}

struct Part {
  union {
    text @0 :Data;
    reasoning @1 :Data;
    toolCall :group {
      id @2 :Data;
      name @3 :Data;
      arguments @4 :Data;
    }
    toolResult :group {
      call @5 :Data;
      content @6 :Data;
      # Since format 3: the engine made it, for a call that had no result.
      made @12 :Bool;
      failed @13 :Bool;
    }
    file :group {
      uri @7 :Data;
      mediaType @8 :Data;  # optional
      name @9 :Data;       # optional
    }
    data :group {
      name @10 :Data;
      value @11 :Data;     # JSON
    }
  }
}

# The remembered answer to one change. It names messages and runs by id, for a refused change may name
# some that never existed.
struct Ack {
  op @0 :UInt64;
  type @1 :ChangeType;
  refused @2 :Bool;
  untimed @3 :Bool;       # the outcome names no entry
  atBack @4 :UInt64;      # from the entry's timestamp (in snapshots: the device's newest), modulo 2^64
  user @5 :Data;          # in snapshots null: the user of the row
  device @6 :Data;        # in snapshots null: the device of the row
  content @7 :Data;       # SHA-256 of the change, 32 bytes
  message @8 :Data;       # optional
  run @9 :Data;           # optional
  code @10 :Data;
  detail @11 :Data;
}

enum Role {
  user @0;
  assistant @1;
  system @2;
  tool @3;
}

enum MessageStatus {
  complete @0;
  open @1;
  stopped @2;
  failed @3;
  interrupted @4;
}

enum RunStatus {
  completed @0;
  queued @1;
  running @2;
  stopped @3;
  failed @4;
  interrupted @5;
  superseded @6;
}

enum ChangeType {
  startRun @0;
  putMessage @1;
  deleteMessage @2;
  stopRun @3;
  moveHead @4;
  updateThread @5;
  answerCall @6;
  decideCall @7;
}

enum PlaceKind {
  after @0;
  parent @1;
}
