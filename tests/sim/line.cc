// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/line.h"

#include <algorithm>

#include "server/codec/json_write.h"

namespace lockstep::sim {
namespace {

constexpr Micros patience{15'000'000};           // until a device gives up a silent line
constexpr Micros slow_reader_max{30'000'000};    // until the server does
constexpr std::size_t window = 8;                // frames on their way to one device
constexpr std::uint64_t fill_bytes_max = 4'000;  // of one write
constexpr int fills_max = 10'000;                // of one pump: more is an endless loop

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
  give_up_later(line);
  return number;
}

std::uint64_t Network::follow_entries(LineEnd& end, SyncRequest request) {
  const std::uint64_t number = ++numbers_;
  auto line = std::make_shared<Line>(*this, number, &end, std::move(request), Until::ever);
  lines_[number] = line;
  carry("request", [line] { line->serve_entries(); });
  give_up_later(line);
  return number;
}

void Network::give_up_later(const std::shared_ptr<Line>& line) {
  loop.after(patience, "patience", [line = std::weak_ptr(line)] {
    const auto waiting = line.lock();
    if (waiting && waiting->latest_ == Micros(0)) waiting->break_off();
  });
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
  found->second->end_ = nullptr;
  hung_up_[line] = found->second;
  lines_.erase(found);
  // The server hears of it later, or by writing.
  loop.after(Micros(chance.long_tailed(weather.usual_micros)), "hung up", [this, line] {
    const auto kept = hung_up_.find(line);
    if (kept == hung_up_.end()) return;
    kept->second->leave();
    hung_up_.erase(kept);
  });
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

void Network::server_stops() {
  for (auto& [number, line] : std::map(lines_)) {
    if (line->follower_) line->follower_->shut_down();
  }
}

void Network::server_died() {
  for (auto& [number, line] : std::exchange(hung_up_, {})) line->leave();
  for (auto& [number, line] : std::map(lines_)) line->break_off();
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
    : network_(network),
      number_(number),
      end_(end),
      request_(std::move(request)),
      until_(until),
      form_(number % 2 == 0 ? Form::sse : Form::lines) {}

Line::~Line() = default;

void Line::leave() { follower_.reset(); }

void Line::serve() {
  if (broken_) return;
  if (!network_.process.ready()) return break_off();
  auto asked = network_.judge.asks(request_);
  network_.process.engine().sync(request_,
                                 [self = shared_from_this(), asked](Result<SyncReply> reply) {
                                   self->replied(*asked, std::move(reply));
                                 });
}

void Line::serve_entries() {
  if (broken_) return;
  if (!network_.process.ready()) return break_off();
  network_.process.engine().mend(request_.thread,
                                 [self = shared_from_this()] { self->follow_entries(); });
}

void Line::follow_entries() {
  if (broken_ || !end_ || !network_.process.ready()) return;
  at_ = *request_.changes.cursor;
  const auto known =
      network_.process.engine().check_cursor(request_.changes.user, request_.thread, at_);
  if (!known) {
    ++network_.judge.records.counts["events refused: " + known.error().code];
    return deliver(refusal(known.error()));
  }
  const bool earlier = at_.epoch != network_.judge.epoch();
  at_.epoch = network_.judge.epoch();
  if (earlier) ++network_.judge.records.counts["events from a cursor of an earlier epoch"];
  follow({.user = request_.changes.user,
          .thread = request_.thread,
          .framing = {form_, {}},
          .follow = Follow::live,
          .reply = {},
          .after = *request_.changes.cursor,
          .awaited = {},
          .until = {},
          .says_live = true});
}

void Line::replied(Asked& asked, Result<SyncReply> reply) {
  Process& process = network_.process;
  if (!process.passes(Point::before_ack)) return;
  if (!reply) {
    network_.judge.refuses(asked);
    ++network_.judge.records.counts["refused: " + reply.error().code];
    network_.loop.trace(reply.error().code);
    return deliver(refusal(reply.error()));
  }
  network_.judge.replies(asked, *reply);
  if (broken_ || !end_) return;
  reply_ = *reply;
  at_ = reply->cursor;
  constexpr Follow follows[] = {Follow::none, Follow::run, Follow::live};
  follow({.user = request_.changes.user,
          .thread = request_.thread,
          .framing = {form_, {}},
          .follow = follows[static_cast<std::size_t>(until_)],
          .reply = std::move(*reply),
          .after = {},
          .awaited = reply_->awaited,
          .until = {},
          .says_live = false});
}

void Line::follow(FollowPlan plan) {
  auto follower = ThreadFollower::open(network_.process.follow_parts(), std::move(plan));
  if (!follower) return deliver(refusal(follower.error()));
  follower_ = std::move(*follower);
  follower_->attach(*this);
  pump_soon();
}

void Line::woken(Stream&) { network_.woken(number_); }

void Line::pump_soon() {
  if (pumping_ || broken_) return;
  pumping_ = true;
  network_.loop.after(Micros(1 + network_.chance.upto(200)), "pump", [self = shared_from_this()] {
    self->pumping_ = false;
    self->pump();
  });
}

void Line::pump() {
  for (int fills = 0; follower_ && !broken_ && network_.process.ready(); ++fills) {
    if (on_the_way_ + unread_.size() >= window) return;
    if (fills > fills_max) return void(found("a stream has more to say and says nothing"));
    std::string bytes;
    const auto filled = follower_->fill(bytes, 1 + network_.chance.upto(fill_bytes_max));
    for (Said& said : frames_in(form_, bytes)) {
      if (!say(std::move(said))) return;
    }
    if (filled == Stream::Filled::finished) return leave();
    if (filled == Stream::Filled::waiting) return;
  }
}

bool Line::found(std::string wrong) {
  network_.judge.records.found(std::move(wrong));
  return false;
}

bool Line::say(Said said) {
  const std::string_view kind = kind_of(said.text);
  if (kind == "diff") return say_diff(std::move(said));
  if (kind == "entry") return say_entry(std::move(said));
  return say_rest(std::move(said), kind);
}

// The reply was judged; a wire front judges how it lies in frames.
bool Line::say_diff(Said said) {
  if (!reply_) return found("a stream says a diff again");
  ++diff_frames_;
  const bool last = said.text.find(R"("more":true)") == std::string::npos;
  if (!last) {
    if (!said.id.empty()) return found("a frame before the last of a diff has an `id:`");
    deliver({std::move(said.text), PartOfDiff()});
    return !broken_;
  }
  if (form_ == Form::sse && said.id != to_string(at_)) return found("a diff has another `id:`");
  if (diff_frames_ > 1) ++network_.judge.records.counts["diff of several frames"];
  deliver({std::move(said.text), *std::exchange(reply_, std::nullopt)});
  return network_.process.passes(Point::after_ack) && !broken_;
}

// Durable before visible, each once and in order.
bool Line::say_entry(Said said) {
  test::ThreadTruth& truth = network_.judge.records.thread(request_.thread);
  const auto next = truth.shared_next(at_.at);
  if (!next) return found("an entry is streamed that is not durable: " + said.text);
  std::string text;
  append_entry_frame(text, *next);
  if (text != said.text) {
    return found("a stream has a gap, repeats or differs: " + said.text + ", not " + text);
  }
  at_.at = next->at;
  if (form_ == Form::sse && said.id != to_string(at_)) return found("an entry has another `id:`");
  truth.shown = std::max(truth.shown, next->at);
  deliver({std::move(said.text), next});
  return !broken_;
}

bool Line::say_rest(Said said, std::string_view kind) {
  if (reply_) return found("a stream goes on before its diff is whole");
  if (kind == "live" || kind == "end") {
    if (cursor_in(said.text) != at_) return found("a frame is of another place: " + said.text);
    if (form_ == Form::sse && said.id != to_string(at_)) return found("a frame has another `id:`");
    if (kind == "live") {
      ++network_.judge.records.counts["live frame"];
      deliver({said.text, Live{at_}});
    } else {
      const std::string reason = text_in(said.text, "reason");
      ++network_.judge.records.counts["end: " + reason];
      deliver({said.text, Ended{reason, at_}});
    }
    return !broken_;
  }
  if (kind != "failure") return found("a frame that the protocol does not have: " + said.text);
  const Error error{Kind::unavailable, text_in(said.text, "code"), text_in(said.text, "detail")};
  ++network_.judge.records.counts["failure: " + error.code];
  deliver({said.text, Refused{error, true}});
  return !broken_;
}

// --- On the way ----------------------------------------------------------------------------------

void Line::deliver(Frame frame) {
  if (broken_ || !end_) return;
  Network::Weather& weather = network_.weather;
  if (weather.loses_one_in > 0 && network_.chance.one_in(4 * weather.loses_one_in)) {
    ++network_.judge.records.counts["fault: stream cut"];
    if (std::holds_alternative<PartOfDiff>(frame.what)) {
      ++network_.judge.records.counts["fault: stream cut within a diff"];
    }
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
  const bool last =
      std::holds_alternative<Ended>(frame.what) || std::holds_alternative<Refused>(frame.what);
  end_->receive(number_, frame);
  if (last) network_.remove(number_);
  if (follower_) pump_soon();
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
