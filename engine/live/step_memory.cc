// SPDX-License-Identifier: Apache-2.0
#include "engine/live/step_memory.h"

#include <algorithm>
#include <array>

#include "engine/base/codes.h"
#include "engine/base/limits.h"
#include "engine/base/must.h"

namespace lockstep {
namespace {

// A step as bytes that differ for different steps: each text has its length first, each option a
// flag.
class Bytes {
 public:
  [[nodiscard]] const std::string& of(const Step& step) {
    number(step.what.index());
    std::visit([this](const auto& what) { add(what); }, step.what);
    return bytes_;
  }

 private:
  void number(std::uint64_t number) {
    for (std::size_t byte = 0; byte < sizeof(number); ++byte, number >>= 8) {
      bytes_ += static_cast<char>(number);
    }
  }
  void text(std::string_view text) {
    number(text.size());
    bytes_ += text;
  }
  void maybe(const std::optional<std::string>& value) {
    number(value ? 1 : 0);
    if (value) text(*value);
  }
  void maybe(const std::optional<Json>& value) {
    number(value ? 1 : 0);
    if (value) text(value->text);
  }

  void add(const OpenMessage& open) {
    text(open.message.get());
    number(open.parent ? 1 : 0);
    if (open.parent) text(open.parent->get());
    number(static_cast<std::uint64_t>(open.role));
    maybe(open.author);
  }
  void add(const StartPart& start) {
    text(start.message.get());
    number(start.part ? 1 : 0);
    number(start.part.value_or(0));
    number(start.value.index());
    std::visit([this](const auto& part) { add_part(part); }, start.value);
  }
  void add(const AppendContent& append) {
    text(append.message.get());
    number(append.part);
    text(append.text);
  }
  void add(const EndMessage& end) {
    text(end.message.get());
    number(static_cast<std::uint64_t>(end.status));
    maybe(end.usage);
    add(end.finish);
  }
  void add(const EndRun& end) {
    number(static_cast<std::uint64_t>(end.status));
    number(end.error ? 1 : 0);
    if (end.error) text(end.error->code);
    if (end.error) text(end.error->detail);
    maybe(end.usage);
    add(end.finish);
  }
  void add(const NoteRepairs& note) {
    number(note.repairs.size());
    for (const NotedRepair& repair : note.repairs) {
      text(repair.kind);
      number(repair.count);
      number(repair.ids.size());
      for (const std::string& id : repair.ids) text(id);
    }
  }
  void add(const NoteOpaque& note) {
    text(note.message.get());
    number(note.data.part ? 1 : 0);
    number(note.data.part.value_or(0));
    text(note.data.origin);
    text(note.data.value.text);
  }
  void add(const NoteCall& note) {
    text(note.message.get());
    number(note.note.part);
    number(static_cast<std::uint64_t>(note.note.status));
    text(note.note.reason);
  }
  void add(const CutMessage& cut) {
    text(cut.message.get());
    number(cut.keep.size());
    for (const Units units : cut.keep) number(units);
  }
  void add(const Finish& finish) {
    maybe(finish.reason);
    maybe(finish.model);
  }

  void add_part(const TextPart& part) { text(part.text); }
  void add_part(const ReasoningPart& part) { text(part.text); }
  void add_part(const ToolCallPart& part) {
    text(part.id);
    text(part.name);
    text(part.arguments);
  }
  void add_part(const ToolResultPart& part) {
    text(part.call);
    text(part.content);
    number(part.made ? 1 : 0);
    number(part.failed ? 1 : 0);
  }
  void add_part(const FilePart& part) {
    text(part.uri);
    maybe(part.media_type);
    maybe(part.name);
  }
  void add_part(const DataPart& part) {
    text(part.name);
    text(part.value.text);
  }

  std::string bytes_;
};

std::uint64_t hash_of(const SipKey& key, const Step& step) {
  Bytes bytes;
  return sip_hash(key, bytes.of(step));
}

}  // namespace

void StepMemory::begin(const StepBatch& batch) {
  run_ = batch.run;
  attempt_ = batch.attempt;
  last_ = 0;
  hashes_.clear();
  next_ = 0;
  refusal_.reset();
}

void StepMemory::note(std::uint64_t hash) {
  if (hashes_.size() < limits::steps_remembered) {
    hashes_.push_back(hash);
    if (charge_.bytes() != bytes()) charge_.set(bytes());
    return;
  }
  MUST(next_ < hashes_.size());
  hashes_[next_] = hash;
  next_ = (next_ + 1) % hashes_.size();
}

void StepMemory::took(const StepBatch& batch, std::span<const Step> steps, std::uint64_t known) {
  if (!is_of(batch) || last_ < known) {
    begin(batch);
    last_ = known;
  }
  for (const Step& step : steps) {
    if (step.seq <= last_) continue;
    MUST(step.seq == last_ + 1);
    note(hash_of(key_, step));
    last_ = step.seq;
  }
  if (refused_seq_ <= last_) refusal_.reset();
}

std::optional<bool> StepMemory::is_same(const StepBatch& batch, const Step& step) const {
  if (!is_of(batch) || step.seq > last_ || step.seq + hashes_.size() <= last_) return std::nullopt;
  // The newest hash is right before `next_` if the ring is full, and else at the end (`next_` is
  // 0).
  const std::size_t back = static_cast<std::size_t>(last_ - step.seq);
  MUST(back < hashes_.size());
  const std::size_t newest = next_ + hashes_.size() - 1;
  return hashes_[(newest - back) % hashes_.size()] == hash_of(key_, step);
}

void StepMemory::refused(const StepBatch& batch, std::uint64_t seq, const StepRefusal& refusal) {
  // With these codes the content of the steps is wrong, and a retry has the same content.
  constexpr std::array lasting{codes::too_large, codes::invalid, codes::exists,
                               codes::unknown_message};
  if (std::ranges::none_of(lasting, [&](Code code) { return refusal.code == code; })) return;
  if (!is_of(batch)) {
    begin(batch);
    last_ = seq - 1;
  }
  refusal_ = refusal;
  refused_seq_ = seq;
}

const StepRefusal* StepMemory::stuck_at(const StepBatch& batch, std::uint64_t seq) const {
  if (!is_of(batch) || !refusal_ || refused_seq_ != seq) return nullptr;
  return &*refusal_;
}

std::size_t StepMemory::bytes() const {
  return sizeof(*this) + hashes_.capacity() * sizeof(std::uint64_t);
}

}  // namespace lockstep
