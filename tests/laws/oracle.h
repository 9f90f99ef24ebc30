// SPDX-License-Identifier: Apache-2.0
// oracle.h: a second implementation of the protocol, by the simplest means.
//
// The engine computes what a user saw from the entries written since; the oracle keeps a copy of
// everything at every timestamp and looks it up. Text is UTF-16 here, so a length is a length. It
// shares only the types of changes and steps with the engine: no fold, no decision, no helper.
//
// It is slow and uses much memory, in exchange for being simple.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/rules/attempt.h"
#include "engine/rules/change.h"
#include "engine/rules/step.h"

namespace lockstep::oracle {

struct Part {
  std::string type;      // as on the wire
  std::u16string text;   // of a part that can grow; else empty
  std::string one, two;  // id and name, call and content, uri, name and value
  int serial = 0;        // the part's identity, also after its text changed
  bool given = false;    // a result that the engine gave to a call
  bool marked = false;   // a result with the mark of a made one
  bool failed = false;   // a result, and the tool says that it failed
  // When its writer cut it, and to how much.
  std::vector<std::pair<std::uint64_t, std::size_t>> cuts{};
  bool operator==(const Part&) const = default;
};

struct Message {
  std::string id;
  std::string parent;  // empty: a root
  std::string role;
  std::string run;
  std::string author;
  std::string metadata;
  std::string status;
  std::vector<Part> parts;
  std::uint64_t created = 0;
  std::uint64_t put = 0;  // when a put last replaced it
  std::string usage;
  std::string finish_reason;
  std::string model;
  std::string continues;              // the message that it goes on from
  std::map<int, std::string> opaque;  // of each part, and of the whole (-1)
  struct Note {
    std::string status;  // as on the wire
    std::string reason;
    bool operator==(const Note&) const = default;
  };
  std::map<std::size_t, Note> notes{};  // of each call that has one, by part
  std::uint64_t taken_back = 0;         // when its writer last cut it
  bool deleted = false;
  bool operator==(const Message&) const = default;
};

struct Run {
  std::string id;
  std::string status;
  std::vector<MessageInput> input;
  bool behind = true;  // place: behind the head if it lies below the anchor
  std::string anchor;  // empty: the root
  std::string head;    // once started: the last message of its path
  std::uint64_t queued = 0;
  std::uint64_t started = 0;
  std::uint64_t ended = 0;
  std::uint64_t seq = 0;
  bool by_producer = false;
  std::string usage;
  std::string finish_reason;
  std::string agent;
  std::string model;
  std::string continues;             // the message that its first one goes on from
  std::vector<std::string> repairs;  // kind, count and ids of each
  std::uint64_t attempt = 1;
  std::string claim{};
  std::string resume{};     // asked, waiting, resumed or given_up; empty: it did not ask for it
  std::uint64_t until = 0;  // while it waits
  std::string next{};       // once it is resumed
  std::string why{};        // it has given up
  bool operator==(const Run&) const = default;
};

struct World {
  std::vector<Message> messages;  // by creation
  std::vector<Run> runs;          // by queueing
  std::vector<std::string> queue;
  std::vector<std::string> awaiting;  // runs that wait for answers, in the order of their ends
  std::vector<std::string> approved;  // tools that need no approval here
  std::string head;
  std::u16string title;
  bool titled = false;
  bool archived = false;
  bool operator==(const World&) const = default;

  Message* message(const std::string& id);
  Run* run(const std::string& id);
  Run* running();
};

struct Answer {
  bool applied = true;
  bool duplicate = false;
  std::string code;
  std::string run{};  // of an applied start: the run that answers
  bool operator==(const Answer&) const = default;
};

class Oracle {
 public:
  explicit Oracle(std::uint64_t epoch) : epoch_(epoch) { history_[0] = World(); }

  std::vector<Answer> take(const ChangeRequest& request, std::uint64_t at);
  // Empty: taken, else the refusal's code.
  std::string take(const StepBatch& batch, std::uint64_t at);
  std::string take(const AttemptRequest& request, std::uint64_t at);
  void crash(std::uint64_t at);
  // An operator restores an older backup: the entries after `until` are lost, a new epoch begins.
  void rewind(std::uint64_t until, std::uint64_t epoch);
  // Called with the name of each rule that decides something; may be empty.
  std::function<void(const char*)> on_rule;
  // What is outside of the thread: an agent that was removed, and is there room for another run?
  std::string gone;
  bool room = true;
  std::uint64_t answer_time = 3600ULL * 1'000'000;  // of a run that waits, in microseconds

  [[nodiscard]] const World& now() const { return history_.rbegin()->second; }
  [[nodiscard]] const World& at(std::uint64_t time) const;
  [[nodiscard]] std::uint64_t last() const { return history_.rbegin()->first; }
  [[nodiscard]] const std::map<std::uint64_t, World>& history() const { return history_; }

 private:
  struct Memory {
    std::uint64_t op = 0;
    Hash content{};
    Answer answer;
    std::uint64_t at = 0;
  };
  struct Asking;  // one change being answered

  Answer answer(const ChangeRequest& request, const Change& change);
  std::string judge(const Change& change);
  std::string start(const StartRun& change);
  std::string put(const PutMessage& change);
  std::string erase(const DeleteMessage& change);
  std::string stop(const StopRun& change);
  std::string move(const MoveHead& change);
  std::string update(const UpdateThread& change);
  std::string answer_call(const AnswerCall& change);
  std::string decide_call(const DecideCall& change);

  // --- Runs that wait for answers (oracle_answers.cc)
  [[nodiscard]] bool is_agent(const std::string& name) const;
  // The last living message of the run; empty: none.
  std::string last_of(const std::string& run);
  void give_up(const std::string& run, const char* why);
  void await(const std::string& run);
  void move_on(const std::string& head);
  void settle();
  void settle(const std::string& run);
  std::optional<bool> is_answered(const std::string& run);
  bool answered_meanwhile(const std::string& run);
  std::vector<Message> shown_since(const std::string& run);
  // Of a message that is put again: the notes of its calls.
  void note_again(Message& message, const Message& former);
  // The message at the end of what goes on from this one.
  std::string end_behind(const std::string& message);
  // The part of the call that a change means, in the message `id`; nothing: there is none.
  struct Meant {
    std::size_t part = 0;
    bool real = false;  // it has a real result
    bool made = false;
  };
  std::optional<Meant> meant_call(const std::string& id, const std::string& call);

  void note_touches(const World& before);
  [[nodiscard]] bool touched_by_another(const std::string& message) const;
  std::string place(bool behind, const std::string& anchor);
  void begin(const std::string& run);
  void begin_next();
  void finish(Run& run, const std::string& status);
  void stop_running(const std::string& status);
  std::vector<Part> as_seen(const Message& message) const;
  // Gives this result to each call among these that has none; with `run`, only to that run's.
  void give(const std::vector<Message>& among, const std::string& run, const std::string& content);
  // The messages since this run's first living one.
  std::vector<Message> since_first(const std::string& run);
  void answer_calls_of(const Run& run, const std::string& content);
  void add(Message message);
  std::vector<Part> parts_of(const lockstep::Parts& parts);
  std::vector<std::string> path(std::string id);
  bool below(std::string id, const std::string& ancestor);
  std::string living(std::string id);
  bool taken(const std::string& id);
  std::vector<Message> messages_to(const std::string& id);
  // The code of a refusal; empty: all results have a call.
  std::string stray_among(const std::string& head, const std::vector<MessageInput>& input,
                          std::uint64_t sent);
  // The code for a result that the writer of `of` adds to it; empty: it may.
  std::string unfit_of_writer(const Message& of, const Part& begun);
  bool answered_by_another(const std::string& asked, std::size_t part, const std::string& run);
  std::string stray_in_put(const std::string& id, const std::vector<Part>& parts);
  std::string may_continue(const StartRun& change);
  // The run that goes on from this message; empty: none.
  std::string continuation(const std::string& id);
  void drop_half_call(Message& message);
  bool step(const StepBatch& batch, const Step& step, std::string& refusal, bool& over);
  void note(Message& message, std::size_t part, const std::string& status,
            const std::string& reason);
  // What a cut has left of a call is another call.
  void note_shorter(Message& message, const Message& former);
  bool is_as_seen(const Message& message, std::size_t part);
  void cut_own(Message& message, const std::vector<Units>& keep);

  void rule(const char* name) const {
    if (on_rule) on_rule(name);
  }
  [[nodiscard]] bool is_known(const Cursor& cursor) const;

  std::uint64_t epoch_;
  std::map<std::uint64_t, std::uint64_t> former_;  // epoch, and until when it is shared
  std::map<std::uint64_t, World> history_;
  std::map<std::string, std::vector<Memory>> memory_;
  struct Touch {
    std::uint64_t at = 0;
    std::string by;  // empty: unknown
  };
  std::map<std::string, std::vector<Touch>> touches_;  // of each message, by changes

  // While a request is taken:
  World world_;
  std::uint64_t at_ = 0;
  std::uint64_t seen_ = 0;
  int serial_ = 0;
  bool touched_ = false;  // an input had an effect, even if the state looks the same
  std::vector<Shown> shown_;
  std::string device_;
  std::vector<Memory> said_;
  std::vector<std::string> rolled_back_;
  std::string started_;  // the run of an applied start
};

// A text of the engine's, in the oracle's terms.
[[nodiscard]] std::u16string widen(const std::string& utf8);

}  // namespace lockstep::oracle
