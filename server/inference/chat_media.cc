// SPDX-License-Identifier: Apache-2.0
#include "server/inference/chat_media.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "engine/base/limits.h"
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
  if (!uri.starts_with("data:")) return {};
  uri.remove_prefix(std::string_view("data:").size());
  const std::string_view type = uri.substr(0, uri.find_first_of(";,"));
  return type.empty() ? std::nullopt : std::optional(std::string(type));
}

}  // namespace

std::size_t ChatMedia::bytes() const {
  std::size_t bytes = sound.size() + sound_id.size();
  for (const std::string& each : annotations) bytes += each.size();
  for (const std::string& each : images) bytes += each.size();
  return bytes;
}

bool ChatMedia::empty() const { return bytes() == 0 && lists.empty(); }

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
  std::ranges::copy_if(media.images, std::back_inserter(media_.images), [](const auto& image) {
    return image.size() <= limits::generated_file_bytes_max;
  });
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
  // Base64 has four characters for three bytes.
  const bool fits = sound_.size() / 3 * 4 <= limits::generated_file_bytes_max;
  if (!sound_.empty() && !is_sound_broken_ && fits) {
    const std::string type(sound_type(sound_));
    begin(FilePart{"data:" + type + ";base64," + to_base64(sound_), type, {}});
  }
  const std::string id = std::exchange(media_, {}).sound_id;
  sound_.clear();
  media_.sound_id = id;
}

}  // namespace lockstep
