// SPDX-License-Identifier: Apache-2.0
#include "server/inference/chat_media.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

#include "engine/base/limits.h"
#include "engine/rules/data_scheme.h"
#include "schema/json/base64.h"
#include "schema/json/json_text.h"
#include "server/inference/media_limits.h"

namespace lockstep {
namespace {

// The answer does not say which of the request's formats it has. A stream has raw samples.
std::string_view sound_type(std::string_view bytes) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 5> marks = {{
      {"RIFF", "audio/wav"},
      {"ID3", "audio/mpeg"},
      {"\xff\xfb", "audio/mpeg"},
      {"fLaC", "audio/flac"},
      {"OggS", "audio/ogg"},
  }};
  for (const auto& [mark, type] : marks) {
    if (bytes.starts_with(mark)) return type;
  }
  return "audio/pcm";
}

std::string array_of(const std::vector<std::string>& elements) {
  std::string out;
  append_array(out, elements, [](std::string& to, const std::string& each) { to += each; });
  return out;
}

// The media type of a `data:` address; nothing if it names none.
std::optional<std::string> type_of(std::string_view uri) {
  if (!is_data_uri(uri)) return {};
  uri.remove_prefix(data_scheme.size());
  const std::string_view type = uri.substr(0, uri.find_first_of(";,"));
  return type.empty() ? std::nullopt : std::optional(std::string(type));
}

constexpr std::string_view too_large = "too_large";
constexpr std::string_view unreadable = "unreadable";

// Why a message can't have this image; empty: it can.
std::string_view refusal_of(std::string_view image) {
  constexpr std::string_view coding = ";base64,";
  const bool is_data = is_data_uri(image);
  if (image.size() > (is_data ? limits::generated_file_bytes_max : limits::uri_bytes_max)) {
    return too_large;
  }
  if (image.empty()) return unreadable;
  const std::size_t begin = is_data ? image.find(coding) : std::string_view::npos;
  const bool broken =
      begin != std::string_view::npos && !from_base64(image.substr(begin + coding.size()));
  return broken ? unreadable : "";
}

DataPart left_out(std::string name, std::string_view reason, std::string_view media_type) {
  std::string json = "{";
  append_field(json, "reason", reason);
  if (!media_type.empty()) append_field(json, "media_type", media_type);
  return {std::move(name), Json{json += '}'}};
}

}  // namespace

std::size_t ChatMedia::bytes() const {
  std::size_t bytes = sound_id.size();
  for (const std::string& each : annotations) bytes += each.size();
  return bytes;
}

std::size_t ChatMedia::file_bytes() const {
  std::size_t bytes = sound.size();
  for (const std::string& each : images) bytes += each.size();
  return bytes;
}

bool ChatMedia::empty() const {
  return bytes() + file_bytes() == 0 && lists.empty() && images.empty();
}

void ChatMediaParts::take_image(const std::string& image) {
  const std::string_view reason = refusal_of(image);
  if (reason.empty()) return media_.images.push_back(image);
  if (left_out_.size() >= limits::parts_max) return;
  const std::string type = type_of(image).value_or("");
  const bool fits = type.size() <= limits::name_bytes_max;
  left_out_.push_back(left_out("image_left_out", reason, fits ? type : ""));
}

void ChatMediaParts::take(const ChatMedia& media, bool repeats) {
  for (const auto& [name, list] : media.lists) {
    const auto known =
        std::ranges::find(media_.lists, name, &std::pair<std::string, std::string>::first);
    if (known == media_.lists.end()) {
      media_.lists.emplace_back(name, list);
    } else {
      known->second = list;  // Perplexity repeats it in every chunk
    }
  }
  if (!media.sound_id.empty()) media_.sound_id = media.sound_id;
  if (repeats) return;
  std::ranges::copy(media.annotations, std::back_inserter(media_.annotations));
  for (const std::string& image : media.images) take_image(image);
  if (media.sound.empty()) return;
  const std::optional<std::string> bytes = from_base64(media.sound);
  is_sound_broken_ = is_sound_broken_ || !bytes;
  if (bytes) sound_ += *bytes;
}

void ChatMediaParts::finish(AnswerWriter& writer) {
  const auto begin = [&writer](Part part) {
    if (writer.parts() < limits::parts_max) writer.start(std::move(part));
  };
  if (!media_.annotations.empty()) {
    begin(DataPart{"annotations", Json{array_of(media_.annotations)}});
  }
  for (auto& [name, list] : media_.lists) begin(DataPart{name, Json{std::move(list)}});
  for (std::string& image : media_.images) {
    std::optional<std::string> type = type_of(image);
    begin(FilePart{std::move(image), std::move(type), {}});
  }
  const std::string type(sound_type(sound_));
  std::string address = "data:" + type + ";base64," + to_base64(sound_);
  if (is_sound_broken_) {
    begin(left_out("sound_left_out", unreadable, ""));
  } else if (address.size() > limits::generated_file_bytes_max) {
    begin(left_out("sound_left_out", too_large, type));
  } else if (!sound_.empty()) {
    begin(FilePart{std::move(address), type, {}});
  }
  for (DataPart& data : std::exchange(left_out_, {})) begin(std::move(data));
  const std::string id = std::exchange(media_, {}).sound_id;
  sound_.clear();
  is_sound_broken_ = false;
  media_.sound_id = id;
}

}  // namespace lockstep
