// SPDX-License-Identifier: Apache-2.0
#include "tests/laws/engine_world.h"

#include "tests/laws/front.h"
#include "tests/laws/world_life.h"

namespace lockstep::test {
namespace {

constexpr std::size_t threads = 3;

}  // namespace

EngineWorld::EngineWorld(std::uint64_t seed, Counts& counts)
    : counts_(counts), chance_(seed), records_(counts), random_(seed + 1) {
  slots_.resize(threads);
  talkative_ = one_in(8);
  start();
  for (std::size_t slot = 0; slot < slots_.size(); ++slot) add_thread(slot);
}

EngineWorld::~EngineWorld() = default;

std::string EngineWorld::go_on() {
  const std::uint64_t dice = upto(200);
  doing_ = "the server works";
  if (dice < 80) {
    work_a_little();
  } else if (dice < 84) {
    doing_ = "the clock jumps";
    const std::uint64_t jump = upto(5'000);
    const bool back = one_in(2) && clock_.now_ > jump;
    if (back) count("clock jumps back");
    clock_.now_ = back ? clock_.now_ - jump : clock_.now_ + jump;
  } else if (dice < 138) {
    front_acts(*fronts_[upto(fronts_.size())]);
  } else if (dice < 186) {
    producer_acts();
  } else if (dice < 188) {
    ask_deleted();
  } else if (dice < 194) {
    doing_ = "everything comes to rest";
    settle();
  } else if (dice < 196) {
    doing_ = "the power goes";
    power_cut();
    start();
  } else if (dice < 197) {
    if (one_in(2)) graceful_stop();
  } else {
    for (std::size_t slot = 0; slot < slots_.size(); ++slot) {
      if (truth(slots_[slot]).deleted) add_thread(slot);
    }
  }
  if (cut_next_ && records_.wrong.empty()) {
    count("power cut right behind a deletion");
    power_cut();
    start();
  }
  cut_next_ = false;
  done_.push_back(doing_);
  return records_.wrong;
}

std::string EngineWorld::finish() {
  doing_ = "everything comes to rest";
  if (records_.wrong.empty()) settle();
  if (records_.wrong.empty()) {
    power_cut();
    start();
  }
  if (records_.wrong.empty()) settle();
  return records_.wrong;
}

std::string EngineWorld::latest() const {
  constexpr std::size_t shown = 12;
  std::string text;
  for (std::size_t at = done_.size() > shown ? done_.size() - shown : 0; at < done_.size(); ++at) {
    text += "\n  " + done_[at];
  }
  return text;
}

std::shared_ptr<EngineWorld::Call> EngineWorld::call(std::string what, const ThreadName& thread) {
  auto made = std::make_shared<Call>();
  made->what = std::move(what);
  made->thread = thread;
  made->was_deleted = truth(thread).deleted;
  made->shown = truth(thread).shown;
  calls_.push_back(made);
  return made;
}

void EngineWorld::answered(Call& call) {
  if (inside_) found(call.what + " is answered from within the call");
  if (call.answered) found(call.what + " is answered twice");
  call.answered = true;
}

void EngineWorld::is_durable(const ThreadName& thread, Timestamp at, const char* what) {
  ThreadTruth& known = truth(thread);
  if (known.entry(at) || at == known.shown) {
    known.shown = std::max(known.shown, at);
    return;
  }
  found(std::string(what) + " shows entry " + std::to_string(at.get()) + " of thread " +
        to_string(thread) + ", which is not durable");
}

void EngineWorld::check_error(const Call& call, const std::string& code) {
  const ThreadTruth& thread = truth(call.thread);
  if (code == "deleted" && thread.erase_asked) return was_told_deleted(call.thread);
  if (code == "stopping" && stopping_) return count("refused while stopping");
  if (call.was_deleted) return found(call.what + " of a deleted thread is answered " + code);
  if (code == "unknown_thread" && call.shown == Timestamp()) return count("unknown thread");
  found(call.what + " of " + to_string(call.thread) + " is answered " + code);
}

void EngineWorld::was_told_deleted(const ThreadName& thread) {
  ThreadTruth& known = truth(thread);
  if (!known.deleted) gone_.push_back(thread);
  known.deleted = true;
}

void EngineWorld::add_thread(std::size_t slot) {
  const UserId user(slot % 2 == 0 ? "ann" : "bob");
  // Each user's threads have the same ids.
  const ThreadName id{user, ThreadId("t" + std::to_string(++threads_made_[user]))};
  slots_[slot] = id;
  for (const char* device : {"phone", "laptop", "tab"}) {
    auto front = std::make_unique<Front>();
    front->thread = id;
    front->device = {user, DeviceId(device)};
    fronts_.push_back(std::move(front));
  }
}

}  // namespace lockstep::test
