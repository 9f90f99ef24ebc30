// SPDX-License-Identifier: Apache-2.0
#include "engine/rules/blob_names.h"

#include <algorithm>

namespace lockstep {
namespace {

using Take = std::function<void(const FilePart& file)>;

void each_file_of(const Part& part, const Take& take) {
  if (const auto* file = std::get_if<FilePart>(&part)) take(*file);
}

void each_file_of(const Parts& parts, const Take& take) {
  for (const Part& part : parts) each_file_of(part, take);
}

// Copies shared parts only if there is a file among them.
void each_file_of(Parts& parts, const std::function<void(FilePart& file)>& take) {
  const auto is_file = [](const Part& part) { return std::holds_alternative<FilePart>(part); };
  if (std::ranges::none_of(parts, is_file)) return;
  for (Part& part : parts.edit()) {
    if (auto* file = std::get_if<FilePart>(&part)) take(*file);
  }
}

}  // namespace

void each_file(Change& change, const std::function<void(FilePart& file)>& take) {
  if (auto* start = std::get_if<StartRun>(&change.what)) {
    for (MessageInput& input : start->input) each_file_of(input.parts, take);
  } else if (auto* put = std::get_if<PutMessage>(&change.what)) {
    each_file_of(put->parts, take);
  }
}

void each_file(const Change& change, const Take& take) {
  if (const auto* start = std::get_if<StartRun>(&change.what)) {
    for (const MessageInput& input : start->input) each_file_of(input.parts, take);
  } else if (const auto* put = std::get_if<PutMessage>(&change.what)) {
    each_file_of(put->parts, take);
  }
}

void each_file(Step& step, const std::function<void(FilePart& file)>& take) {
  auto* start = std::get_if<StartPart>(&step.what);
  auto* file = start ? std::get_if<FilePart>(&start->value) : nullptr;
  if (file) take(*file);
}

void each_file(const Step& step, const Take& take) {
  if (const auto* start = std::get_if<StartPart>(&step.what)) each_file_of(start->value, take);
}

void each_file(const Event& event, const Take& take) {
  if (const auto* put = std::get_if<MessagePut>(&event)) {
    each_file_of(put->message.parts, take);
  } else if (const auto* started = std::get_if<PartStarted>(&event)) {
    each_file_of(started->value, take);
  } else if (const auto* queued = std::get_if<RunQueued>(&event)) {
    for (const MessageInput& input : queued->input) each_file_of(input.parts, take);
  }
}

BlobSet blobs_of(const Entry& entry) {
  BlobSet blobs;
  for (const Event& event : entry.events) {
    each_file(event, [&blobs](const FilePart& file) {
      if (const auto hash = BlobHash::of_uri(file.uri)) blobs.insert(*hash);
    });
  }
  return blobs;
}

const std::string* missing_blob(const Change& change, const MissingBlobs& missing) {
  const std::string* found = nullptr;
  if (missing.empty()) return found;
  each_file(change, [&](const FilePart& file) {
    const auto same = std::ranges::find(missing, file.uri);
    if (!found && same != missing.end()) found = &*same;
  });
  return found;
}

std::string unknown_blob_text(const std::string& uri) {
  return "this user has no blob " + uri + ": upload it, and send this again with a new number";
}

}  // namespace lockstep
