// SPDX-License-Identifier: Apache-2.0
// judge.h: keeps the truth by means that share nothing with the engine.
//
//   durable entry ─> Records (tests/laws/spied_store.h): order, gaps, ops and steps once, turns
//                 ─> Oracle (tests/laws/oracle.h): is this entry the right answer to the request?
//                 ─> promises: the text that an acknowledged stop cut never grows back
//
// The records know the entries on the disk and the screen after each. The oracle gets the request
// that the entry answers, and must come to the same state. A backup keeps both as they are, and a
// restore goes back to them. Lost entries are kept by epoch: fronts of that epoch may still show
// them.
//
// Lives on: the simulation's one thread.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "engine/live/engine.h"
#include "tests/laws/calls_law.h"
#include "tests/laws/front.h"
#include "tests/laws/oracle.h"
#include "tests/laws/spied_store.h"

namespace lockstep::sim {

// So long a run waits for the answers to its calls. Some acts come later.
inline constexpr std::chrono::seconds answers_in{60};

// A request with changes, as it reached the engine.
struct Asked {
  SyncRequest request;
  bool answered = false;
  std::vector<oracle::Answer> answers;  // the oracle's, once its entry is durable
};

// After an acknowledged stop no message of the run reads longer than this.
struct Promise {
  RunId run;
  std::map<MessageId, std::vector<Units>> most;  // by message: the lengths of its parts
  std::set<MessageId> released;                  // put again since
  std::string by;                                // the device that got the promise
};

// The device that was told that its decision about a call counts, and when.
struct Decided {
  Timestamp at;
  std::string by;
};

struct JudgedThread {
  explicit JudgedThread(std::uint64_t epoch) : oracle(epoch) {}
  oracle::Oracle oracle;
  test::CallsLaw calls;
  ThreadState state;        // for this law alone
  std::size_t entries = 0;  // so many were looked at
  std::map<RunId, std::uint64_t> seqs;
  std::vector<std::shared_ptr<Asked>> asked;
  std::vector<Promise> promises;
  std::map<std::pair<MessageId, std::string>, Decided> decided;  // by message and call
};

class Judge {
 public:
  explicit Judge(test::Counts& counts) : records(counts), counts_(counts) {}
  Judge(const Judge&) = delete;
  Judge& operator=(const Judge&) = delete;

  // The store's epoch, from its first start on.
  void begins(Epoch epoch);
  [[nodiscard]] Epoch epoch() const { return epochs_.back(); }

  std::shared_ptr<Asked> asks(const SyncRequest& request);
  // Checks a reply before the server sends it: it holds durable entries only, its diff leads to
  // its cursor, its outcomes are the oracle's.
  void replies(Asked& asked, const SyncReply& reply);
  // The server refused the whole request.
  void refuses(Asked& asked);
  // The open requests stay without an answer.
  void process_died();
  // Takes in the entries that became durable since the last look.
  void look();

  // The truth of a thread in the history of this epoch; null if the thread never existed there.
  [[nodiscard]] const test::ThreadTruth* truth(const ThreadName& thread, Epoch epoch) const;
  // Checks that a front with this cursor shows the state of that time; if it holds a part of the
  // thread, that this part is the state's.
  void check_screen(const ThreadName& thread, const Cursor& cursor, const Screen& screen,
                    const std::string& who, test::Holds holds);

  // --- Backups
  struct Kept;
  [[nodiscard]] std::shared_ptr<const Kept> keep() const;
  void go_back(const Kept& kept, Epoch next);

  test::Records records;

 private:
  JudgedThread& judged(const ThreadName& thread);
  std::string judge(test::ThreadTruth& truth, JudgedThread& judged, const Entry& entry);
  std::string judge_changes(JudgedThread& judged, const Entry& entry);
  [[nodiscard]] std::string judge_end(const test::ThreadTruth& truth, const ThreadName& thread,
                                      const Entry& entry) const;
  void keep_promises(const test::ThreadTruth& truth, JudgedThread& judged, const Entry& entry);
  void check_diff(const test::ThreadTruth& known, Timestamp from, const SyncReply& reply);
  void check_window(const test::ThreadTruth& known, Timestamp from, const Asked& asked,
                    const SyncReply& reply);
  void check_outcomes(const Asked& asked, const SyncReply& reply);
  void promise(const Asked& asked, const SyncReply& reply);
  // --- Calls (judge_calls.cc)
  // Does it only settle what waits for answers? A request whose changes are all known does that.
  [[nodiscard]] static bool is_settled_alone(const Entry& entry);
  std::string judge_settled(const test::ThreadTruth& truth, JudgedThread& judged,
                            const Entry& entry);
  std::string judge_calls(JudgedThread& judged, const Entry& entry);
  void count_resume(const JudgedThread& judged, const ResumeNoted& event);
  void check_call_change(const Asked& asked, const Change& change, const Outcome& outcome);
  void forget(const Asked& asked);

  test::Counts& counts_;
  std::vector<Epoch> epochs_;  // of the history that the store holds; the last is the present one
  std::map<ThreadName, JudgedThread> judged_;
  std::map<Epoch, std::map<ThreadName, test::ThreadTruth>> lost_;
  // Runs that a restore found open: their writers' steps may be lost, so they end for every writer.
  std::set<std::pair<ThreadName, RunId>> restored_;
};

}  // namespace lockstep::sim
