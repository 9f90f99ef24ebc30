// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/line.h"

#include <algorithm>

#include "engine/limits.h"

namespace lockstep::sim {
namespace {

constexpr Micros patience{15'000'000};         // until a device gives up a line that says nothing
constexpr Micros slow_reader_max{30'000'000};  // until the server does
constexpr std::size_t window = 8;              // frames on their way to one device

}  // namespace

Network::Network(Loop& all, Process& server, Judge& of, std::uint64_t seed)
    : loop(all), process(server), judge(of), chance(seed, 2) {}

std::uint64_t Network::ask(LineEnd& end, SyncRequest request, Until until) {
  const std::uint64_t number = ++numbers_;
  auto line = std::make_shared<Line>(*this, number, &end, request, until);
  lines_[number] = line;
  carry("request", [line] { line->serve(); });
  if (weather.repeats_one_in > 0 && chance.one_in(weather.repeats_one_in)) {
    ++judge.records.counts["fault: request repeated"];
    auto again =
        std::make_shared<Line>(*this, ++numbers_, nullptr, std::move(request), Until::reply);
    carry("request again", [again] { again->serve(); });
  }
  loop.after(patience, "patience", [line = std::weak_ptr(line)] {
    const auto waiting = line.lock();
    if (waiting && waiting->latest_ == Micros(0)) waiting->break_off();
  });
  return number;
}

void Network::carry(const char* what, Loop::Task arrive) {
  if (weather.loses_one_in > 0 && chance.one_in(weather.loses_one_in)) {
    ++judge.records.counts["fault: message lost"];
    return;
  }
  const std::uint64_t delay = chance.long_tailed(weather.usual_micros);
  if (delay > 16 * weather.usual_micros) ++judge.records.counts["fault: message late"];
  loop.after(Micros(delay), what, std::move(arrive));
}

void Network::hang_up(std::uint64_t line) {
  const auto found = lines_.find(line);
  if (found == lines_.end()) return;
  const auto kept = found->second;
  kept->end_ = nullptr;
  // The server hears of it later, or by writing.
  loop.after(Micros(chance.long_tailed(weather.usual_micros)), "hung up",
             [kept] { kept->leave(); });
  lines_.erase(found);
}

void Network::read(LineEnd& end, bool reads) {
  for (auto& [number, line] : std::map(lines_)) {
    if (line->end_ != &end) continue;
    line->reads_ = reads;
    if (!reads) {
      loop.after(slow_reader_max, "slow reader", [line = std::weak_ptr(line)] {
        const auto slow = line.lock();
        if (!slow || slow->reads_ || slow->unread_.empty()) return;
        ++slow->network_.judge.records.counts["slow reader cut off"];
        slow->break_off();
      });
    }
    while (line->reads_ && line->end_ && !line->unread_.empty()) {
      Frame frame = std::move(line->unread_.front());
      line->unread_.pop_front();
      line->arrive(std::move(frame));
    }
  }
}

void Network::cut(LineEnd& end) {
  for (auto& [number, line] : std::map(lines_)) {
    if (line->end_ == &end) line->break_off();
  }
}

void Network::server_died() {
  for (auto& [number, line] : std::map(lines_)) {
    line->joined_ = false;
    line->break_off();
  }
}

void Network::remove(std::uint64_t line) { lines_.erase(line); }

void Network::woken(std::uint64_t line) {
  if (!woken_.insert(line).second || woken_.size() > 1) return;
  loop.after(Micros(1), "woken", [this] {
    for (const std::uint64_t number : std::exchange(woken_, {})) {
      const auto found = lines_.find(number);
      if (found != lines_.end()) found->second->pump_soon();
    }
  });
}

// --- The server's end ----------------------------------------------------------------------------

Line::Line(Network& network, std::uint64_t number, LineEnd* end, SyncRequest request, Until until)
    : network_(network), number_(number), end_(end), request_(std::move(request)), until_(until) {}

Line::~Line() { leave(); }

void Line::leave() {
  if (!joined_) return;
  joined_ = false;
  if (network_.process.ready() && network_.process.life() == life_) {
    network_.process.engine().leave(request_.thread, *this);
  }
}

void Line::serve() {
  if (broken_) return;
  if (!network_.process.ready()) return break_off();
  life_ = network_.process.life();
  auto asked = network_.judge.asks(request_);
  network_.process.engine().sync(request_,
                                 [self = shared_from_this(), asked](Result<SyncReply> reply) {
                                   self->replied(*asked, std::move(reply));
                                 });
}

void Line::replied(Asked& asked, Result<SyncReply> reply) {
  Process& process = network_.process;
  if (!process.passes(Point::before_ack)) return;
  if (!reply) {
    network_.judge.refuses(asked);
    ++network_.judge.records.counts["refused: " + reply.error().code];
    network_.loop.trace(reply.error().code);
    return deliver(reply.error());
  }
  network_.judge.replies(asked, *reply);
  const SyncReply kept = *reply;
  deliver(std::move(*reply));
  if (!process.passes(Point::after_ack) || !end_) return;
  follow(kept);
}

void Line::follow(const SyncReply& reply) {
  at_ = reply.cursor.at;
  if (until_ == Until::reply || at_ == Timestamp() ||
      (until_ == Until::runs_end && reply.awaited.empty())) {
    return finish("done");
  }
  awaited_ = reply.awaited;
  const auto joined = network_.process.engine().join(request_.changes.user, request_.thread, *this);
  if (!joined) return finish(joined.error().code);
  joined_ = true;
  pump_soon();
}

void Line::wake() { network_.woken(number_); }

void Line::pump_soon() {
  if (pumping_ || broken_) return;
  pumping_ = true;
  network_.loop.after(Micros(1 + network_.chance.upto(200)), "pump", [self = shared_from_this()] {
    self->pumping_ = false;
    self->pump();
  });
}

void Line::pump() {
  if (!joined_ || broken_ || !network_.process.ready() || network_.process.life() != life_) return;
  while (on_the_way_ + unread_.size() < window) {
    auto slice = network_.process.engine().entries(request_.changes.user, request_.thread, at_,
                                                   1 + network_.chance.upto(4'000));
    if (!slice) return finish(slice.error().code);
    if (slice->entries.empty()) return;
    for (const auto& published : slice->entries) {
      check_entry(*published->entry);
      at_ = published->entry->at;
      deliver(published->entry);
      for (const Event& event : published->entry->events) {
        if (const auto* ended = std::get_if<RunEnded>(&event)) std::erase(awaited_, ended->run);
      }
    }
    if (until_ == Until::runs_end && awaited_.empty()) return finish("done");
  }
}

// Durable before visible, each once and in order.
void Line::check_entry(const Entry& entry) {
  test::ThreadTruth& truth = network_.judge.records.thread(request_.thread);
  const Entry* known = truth.entry(entry.at);
  if (!known) return network_.judge.records.found("an entry is streamed that is not durable");
  if (*known != entry) return network_.judge.records.found("an entry is streamed as another one");
  if (truth.next(at_) != known) network_.judge.records.found("a stream has a gap or repeats");
  truth.shown = std::max(truth.shown, entry.at);
}

void Line::finish(std::string reason) {
  leave();
  deliver(Ended{std::move(reason), {at_, network_.judge.epoch()}});
}

// --- On the way ----------------------------------------------------------------------------------

void Line::deliver(Frame frame) {
  if (broken_ || !end_) return;
  Network::Weather& weather = network_.weather;
  if (weather.loses_one_in > 0 && network_.chance.one_in(4 * weather.loses_one_in)) {
    ++network_.judge.records.counts["fault: stream cut"];
    return break_off();
  }
  // In order, as a connection is.
  const Micros delay(network_.chance.long_tailed(weather.usual_micros));
  latest_ = std::max(latest_, network_.loop.now() + delay);
  ++on_the_way_;
  network_.loop.after(latest_ - network_.loop.now(), "frame",
                      [self = shared_from_this(), frame = std::move(frame)]() mutable {
                        --self->on_the_way_;
                        if (self->broken_ || !self->end_) return;
                        if (self->reads_ && self->unread_.empty()) {
                          return self->arrive(std::move(frame));
                        }
                        self->unread_.push_back(std::move(frame));
                      });
}

void Line::arrive(Frame frame) {
  const auto self = shared_from_this();
  const bool last = std::holds_alternative<Ended>(frame) || std::holds_alternative<Error>(frame);
  end_->receive(number_, frame);
  if (last) network_.remove(number_);
  if (joined_) pump_soon();
}

void Line::break_off() {
  if (broken_) return;
  network_.loop.trace("line breaks");
  broken_ = true;
  const auto self = shared_from_this();
  leave();
  network_.remove(number_);
  if (!end_) return;
  network_.loop.after(Micros(network_.chance.long_tailed(network_.weather.usual_micros)),
                      "line lost", [self] {
                        if (self->end_) self->end_->lost(self->number_);
                      });
}

}  // namespace lockstep::sim
