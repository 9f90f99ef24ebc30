// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/device.h"

#include <algorithm>

namespace lockstep::sim {
namespace {

constexpr std::uint64_t first_retry_micros = 200'000;
constexpr std::uint64_t retries_doubled_max = 6;
constexpr std::uint64_t next_look_micros = 3'000'000;  // after a stream that came to its end

}  // namespace

Device::Device(Network& network, DeviceIs is, std::unique_ptr<Memory> memory, std::uint64_t seed)
    : network_(network), is_(std::move(is)), memory_(std::move(memory)), chance_(seed, 3) {
  go_on_later(first_retry_micros);
}

Device::~Device() { network_.cut(*this); }

void Device::say(Memory::What what) {
  if (deleted_) return;
  if (chance_.one_in(40)) memory_->repeat_number();
  memory_->change(std::move(what));
  if (!online_) ++network_.judge.records.counts["changed while offline"];
  if (chance_.one_in(4)) memory_->save();
  go_on();
}

void Device::switch_off(Micros how_long) {
  if (online_) ++network_.judge.records.counts["fault: device offline"];
  online_ = false;
  network_.cut(*this);
  network_.loop.after(how_long, "online again", [this] {
    online_ = true;
    failures_ = 0;
    go_on();
  });
}

void Device::stop_reading(Micros how_long) {
  ++network_.judge.records.counts["fault: device does not read"];
  reads_ = false;
  network_.read(*this, false);
  network_.loop.after(how_long, "reads again", [this] {
    reads_ = true;
    network_.read(*this, true);
  });
}

void Device::come_back_from_a_copy() {
  ++network_.judge.records.counts["fault: device from an old copy"];
  network_.cut(*this);
  memory_->go_back();
  memory_->check(network_.judge);
}

void Device::damage_copy() {
  if (!online_ || !memory_->damage()) return;
  ++network_.judge.records.counts["fault: device's copy is damaged"];
  sync_next_ = true;
  network_.cut(*this);
}

void Device::erase_thread() {
  if (!network_.process.ready()) return;
  const test::ThreadTruth* truth = network_.judge.truth(is_.thread, network_.judge.epoch());
  if (!truth || !truth->there()) return;
  network_.judge.look();
  network_.judge.records.thread(is_.thread).erase_asked = true;
  ++network_.judge.records.counts["thread deleted"];
  network_.process.engine().erase(is_.user, is_.thread, [](const Result<void>&) {});
}

bool Device::settled() const {
  if (deleted_) return true;
  if (!online_ || memory_->unanswered() > 0 || saying_ != 0) return false;
  if (memory_->damaged()) return false;
  if (!memory_->follows()) return absent_ || memory_->cursor();
  return absent_ || (following_ != 0 && followed_);
}

std::string Device::standing() const {
  return std::string(online_ ? "online" : "offline") + ", " +
         std::to_string(memory_->unanswered()) + " unanswered, saying on line " +
         std::to_string(saying_) + ", following on line " + std::to_string(following_) +
         (followed_ ? " (at " : " (no diff yet, at ") +
         (memory_->cursor() ? to_string(*memory_->cursor()) : std::string("nothing")) + ")";
}

void Device::stay() {
  stays_ = true;
  online_ = reads_ = true;
  network_.read(*this, true);
  failures_ = 0;
  go_on();
}

// --- Lines ---------------------------------------------------------------------------------------

void Device::go_on_later(std::uint64_t micros) {
  if (waiting_) return;
  waiting_ = true;
  const std::uint64_t doubled = std::min(failures_, retries_doubled_max);
  const Micros delay(chance_.between(1, micros << doubled));
  network_.loop.after(delay, "device goes on", [this] {
    waiting_ = false;
    go_on();
  });
}

void Device::go_on() {
  if (!online_ || deleted_) return;
  if (saying_ == 0 && memory_->unanswered() > 0) ask(true);
  if (following_ == 0) ask(false);
}

void Device::ask(bool with_changes) {
  const bool checks = chance_.one_in(4);
  const bool if_head = with_changes && chance_.one_in(10);
  SyncRequest request =
      memory_->request({.changes = with_changes, .digest = checks, .if_head = if_head});
  if (checks && request.digest) ++network_.judge.records.counts["digest sent"];
  const Until until = !memory_->follows() ? Until::reply
                      : with_changes      ? (chance_.one_in(3) ? Until::runs_end : Until::reply)
                      : stays_ || !chance_.one_in(4) ? Until::ever
                                                     : Until::runs_end;
  network_.loop.trace(with_changes ? "device says" : "device follows");
  // The entries alone may follow, if no diff is needed first.
  const bool entries = !with_changes && !sync_next_ && !memory_->damaged() && memory_->follows() &&
                       request.changes.cursor && request.changes.changes.empty() &&
                       chance_.one_in(4);
  const std::uint64_t line = entries ? network_.follow_entries(*this, std::move(request))
                                     : network_.ask(*this, std::move(request), until);
  memory_->sent(line);
  (with_changes ? saying_ : following_) = line;
  if (!with_changes) followed_ = false;
  if (!reads_) network_.read(*this, false);
}

void Device::receive(std::uint64_t line, const Frame& frame) {
  if (line != following_ && line != saying_ && !answered_.contains(line)) return;
  const auto* refused = std::get_if<Refused>(&frame.what);
  const Error* error = refused ? &refused->error : nullptr;
  if (!error) failures_ = 0;
  absent_ = error && error->code == "unknown_thread";
  if (error && error->code == "rewound") sync_next_ = true;
  Taken taken = memory_->take(line, frame);
  if (!taken.wrong.empty()) {
    return network_.judge.records.found(is_.device.get() + " of " + to_string(is_.thread) + ": " +
                                        taken.wrong);
  }
  memory_->check(network_.judge);
  if (std::holds_alternative<SyncReply>(frame.what)) {
    // Its outcomes have come, so the next changes may be sent.
    if (line == saying_) answered_.insert(std::exchange(saying_, 0));
    if (line == following_) followed_ = true;
    sync_next_ = false;
    if (memory_->unanswered() > 0 && !taken.sync_anew) go_on_later(first_retry_micros);
  }
  if (line == following_ && std::holds_alternative<Live>(frame.what)) followed_ = true;
  if (taken.deleted) deleted_ = true;
  if (taken.sync_anew) {
    ++network_.judge.records.counts["gap seen, synced anew"];
    network_.hang_up(line);
    const std::uint64_t stream = following_;
    if (line != stream && stream != 0) {
      network_.hang_up(stream);
      lost(stream);
    }
    return lost(line);
  }
  if (taken.ended) {
    (void)forget(line);
    if (error) ++failures_;
    go_on_later(error && !absent_ ? first_retry_micros : next_look_micros);
  }
}

bool Device::forget(std::uint64_t line) {
  const bool known = line == saying_ || line == following_ || answered_.contains(line);
  if (!known) return false;
  memory_->lost(line);
  if (line == saying_) saying_ = 0;
  if (line == following_) following_ = 0;
  answered_.erase(line);
  return true;
}

void Device::lost(std::uint64_t line) {
  if (!forget(line)) return;
  ++failures_;
  go_on_later(first_retry_micros);
}

}  // namespace lockstep::sim
