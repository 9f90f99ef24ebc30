// SPDX-License-Identifier: Apache-2.0
#include "server/inference/redactor.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdio>
#include <iterator>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "server/inference/limits.h"

namespace lockstep {
namespace {

const std::string key = "sk-proj/A9+z_Q\"&<7=x";
const Redactor redactor({key});

// `EVP_EncodeBlock` and a shell's `base64` give the same; written out, so that the test shares no
// code with the redactor.
const std::vector<std::pair<std::string, std::string>> quoted = {
    {"as it is", "Bearer " + key},
    {"percent", "Bearer%20sk-proj%2FA9%2Bz_Q%22%26%3C7%3Dx"},
    {"percent, in small letters", "sk-proj%2fA9%2bz_Q%22%26%3c7%3dx"},
    {"percent, each character", "%73%6b%2D%70%72%6f%6A%2F%41%39%2B%7a%5F%51%22%26%3c%37%3D%78"},
    {"percent, twice", "sk-proj%252FA9%252Bz_Q%2522%2526%253C7%253Dx"},
    {"JSON", R"(sk-proj\/A9+z_Q\"&<7=x)"},
    {"JSON, as Go writes it", R"(sk-proj/A9+z_Q\"\u0026\u003c7=x)"},
    {"JSON in JSON", R"(sk-proj\\/A9+z_Q\\\"&<7=x)"},
    {"JSON, each character",
     R"(\u0073\u006b\u002d\u0070\u0072\u006F\u006a\u002f\u0041\u0039\u002B\u007a\u005f\u0051)"
     R"(\u0022\u0026\u003c\u0037\u003d\u0078)"},
    {"HTML", "sk-proj/A9+z_Q&quot;&amp;&lt;7=x"},
    {"HTML by number", "sk-proj&#47;A9&#x2B;z_Q&#34;&#38;&#x3c;7&#61;x"},
    {"JSON in HTML", R"(sk-proj\/A9+z_Q\&quot;&amp;&lt;7=x)"},
    {"base 64", "c2stcHJvai9BOSt6X1EiJjw3PXg="},
    {"base 64, without its end", "c2stcHJvai9BOSt6X1EiJjw3PXg"},
    {"base 64 of `Bearer KEY`", "QmVhcmVyIHNrLXByb2ovQTkrel9RIiY8Nz14"},
    {"base 64 of `user:KEY`", "dXNlcjpzay1wcm9qL0E5K3pfUSImPDc9eA=="},
    {"base 64 in lines", "c2stcHJvai9BOS\r\nt6X1EiJjw3PXg="},
    {"hex", "736b2d70726f6a2f41392b7a5f5122263c373d78"},
    {"hex in capitals", "736B2D70726F6A2F41392B7A5F5122263C373D78"},
    {"hex in pairs", "73 6b 2d 70 72 6f 6a 2f 41 39 2b 7a 5f 51 22 26 3c 37 3d 78"},
    {"hex with colons", "73:6B:2D:70:72:6F:6A:2F:41:39:2B:7A:5F:51:22:26:3C:37:3D:78"},
    {"over two lines", "sk-proj/A9\n+z_Q\"&<7=x"},
    {"in capitals", "SK-PROJ/A9+Z_Q\"&<7=X"},
    {"quoted-printable", "sk-proj/A9+z_Q=22=26=3C7=3Dx"},
    {"quoted-printable, each character",
     "=73=6B=2D=70=72=6F=6A=2F=41=39=2B=7A=5F=51=22=26=3C=37=3D=78"},
    {"quoted-printable, over two lines", "sk-proj/A9+z=\r\n_Q=22=26=3C7=3Dx"},
    {"octal", R"(sk-proj\057A9\053z_Q\042&<7=x)"},
    {"hex of UTF-16",
     "73006b002d00700072006f006a002f00410039002b007a005f005100220026003c0037003d007800"},
    {"with a space that has no width", "sk-proj/A9\u200B+z_Q\"&<7=x"},
    {"with a form feed between", "sk-proj/A9\f+z_Q\"&<7=x"},
    {"with a vertical tab between", "sk-proj/A9\v+z_Q\"&<7=x"},
    {"with a control character of the upper half", "sk-proj/A9\u0085+z_Q\"&<7=x"},
    {"with a space that does not break", "sk-proj/A9\u00A0+z_Q\"&<7=x"},
    {"with a mark of direction", "sk-proj/A9\u202E+z_Q\"&<7=x"},
    {"with a variation selector", "sk-proj/A9\uFE0F+z_Q\"&<7=x"},
};

TEST(Redactor, StrikesASecretInEachFormOfQuoting) {
  for (const auto& [form, text] : quoted) {
    const std::string struck = redactor.strike("you sent: " + text + "; that is wrong");

    EXPECT_TRUE(struck.starts_with("you sent: ")) << form << ": " << struck;
    EXPECT_TRUE(struck.ends_with("; that is wrong")) << form << ": " << struck;
    EXPECT_NE(struck.find("[secret]"), std::string::npos) << form << ": " << struck;
    // Only the text around the secret is left.
    EXPECT_LE(struck.size(), std::string("you sent: dXNlcj[secret]==; that is wrong").size() + 8)
        << form << ": " << struck;
  }
}

std::string escaped(char c, std::uint_fast32_t choice) {
  char text[16];
  const auto byte = static_cast<unsigned>(c);
  const char* const forms[] = {"%c", "%%%02x", "%%%02X", "\\u%04x", "\\x%02X", "&#%u;", "&#x%x;"};
  std::snprintf(text, sizeof text, forms[choice % std::size(forms)], byte);
  return text;
}

TEST(Redactor, StrikesASecretWhoseCharactersAreEscapedEachInAWayOfItsOwn) {
  std::mt19937 random(4);
  for (int round = 0; round < 1000; ++round) {
    std::string text;
    for (const char c : key) text += escaped(c, random());

    EXPECT_EQ(redactor.strike("<" + text + ">"), "<[secret]>") << text;
  }
}

TEST(Redactor, LeavesOtherTextAsItIs) {
  for (const std::string text : {"", "No such model.", "100%", "%zz \\q &nope; \\u12", "sk-proj",
                                 "A9+z_Q\"&<7=x", "sk-prot/A9+z_Q\"&<7=x"}) {
    EXPECT_EQ(redactor.strike(text), text);
  }
  EXPECT_EQ(Redactor().strike(key), key);
}

TEST(Redactor, StrikesEachOfSeveralSecretsEachTime) {
  const Redactor two({"first-secret", "second-secret"});

  EXPECT_EQ(two.strike("first-secret, second-secret: first-secret"),
            "[secret], [secret]: [secret]");
}

TEST(Redactor, ASecretInsideAnotherLeavesNothingOfEither) {
  const Redactor two({"outside-inside-outside", "inside-out"});

  EXPECT_EQ(two.strike("it was outside-inside-outside."), "it was [secret].");
}

TEST(Redactor, StrikesTheBeginningOfASecretWhereATextWasCut) {
  EXPECT_EQ(redactor.strike("you sent: " + key.substr(0, 12)), "you sent: [secret]");
  EXPECT_EQ(redactor.strike("you sent: sk-proj%2FA9%2Bz"), "you sent: [secret]");
}

TEST(Redactor, StrikesTheBeginningOfASecretWhereverItStands) {
  for (std::size_t size = limits::secret_bytes_min; size < key.size(); ++size) {
    for (const std::string behind : {" ...", "*****", "???? end"}) {
      EXPECT_EQ(redactor.strike("<" + key.substr(0, size) + behind), "<[secret]" + behind) << size;
    }
  }
  EXPECT_EQ(redactor.strike("sk-proj%2FA9%2Bz... is wrong"), "[secret]... is wrong");
  EXPECT_EQ(redactor.strike("c2stcHJvai9BOSt... is wrong"), "[secret]... is wrong");
}

TEST(Redactor, StrikesAPieceOfASecretThatLacksItsBeginning) {
  EXPECT_EQ(redactor.strike("ends in " + key.substr(3)), "ends in [secret]");
  EXPECT_EQ(redactor.strike("=" + key.substr(2, 17) + "="), "=[secret]=");
}

TEST(Redactor, ASecretThatItselfLooksEscapedIsFoundInAnyMixtureOfEscapes) {
  const std::string odd = R"(k"x&y%20z%2Fw\v\end=3D&lt;u)";
  const Redactor knows({odd});
  for (const std::string& text :
       {odd, std::string(R"(k\"x&y%20z%2Fw\\v\\end=3D&lt;u)"),
        std::string("k%22x%26y%2520z%252Fw%5Cv%5Cend%3D3D%26lt%3Bu"),
        std::string(R"(k\u0022x\u0026y%20z%2Fw\\v\\end\u003d3D\u0026lt;u)"),
        std::string(R"(k&quot;x&amp;y%20z%2Fw\v\end=3D&amp;lt;u)"),
        std::string(R"(k=22x=26y=2520z%2Fw=5Cv=5Cend=3D3D=26lt;u)"),
        std::string(R"(k\"x&y z/w\\v\\end=3D<u)")}) {
    EXPECT_EQ(knows.strike("<" + text + ">"), "<[secret]>") << text;
  }
}

TEST(Redactor, ASecretThatBeginsLikeAnotherIsStruckWhole) {
  const Redactor two({"sk-proj-aaaa-bbbb", "sk-proj-aaaa-cccc-dddd"});

  EXPECT_EQ(two.strike("<sk-proj-aaaa-cccc-dddd>"), "<[secret]>");
  EXPECT_EQ(two.strike("<sk-proj-aaaa-bbbb>"), "<[secret]>");
}

TEST(Redactor, DoesNotLookForSecretsThatStandInOrdinaryWords) {
  EXPECT_TRUE(Redactor::is_too_short("secrets"));
  EXPECT_FALSE(Redactor::is_too_short("secretly"));
  EXPECT_EQ(Redactor({"secrets"}).strike("no secrets here"), "no secrets here");
}

TEST(Redactor, ShortensATextAfterStrikingItsSecret) {
  // Wherever the sentence is cut, no piece of the key is on this side of the cut.
  for (std::size_t before = limits::error_detail_bytes_max - key.size();
       before <= limits::error_detail_bytes_max; ++before) {
    const std::string text = std::string(before, '.') + key + std::string(2000, '.');

    const std::string sentence = redactor.sentence(text);

    EXPECT_EQ(sentence.find("sk"), std::string::npos) << before;
    EXPECT_TRUE(sentence.ends_with(" ...")) << before;
    EXPECT_LE(sentence.size(), limits::error_detail_bytes_max + 4);
  }
}

TEST(Redactor, ATextOfNothingButSecretsLeavesNoPieceAtItsEnd) {
  std::string text;
  while (text.size() < 2 * limits::error_text_bytes_max) text += "%73%6b%2D" + key.substr(3);

  const std::string sentence = redactor.sentence(text);

  EXPECT_EQ(sentence.find("proj"), std::string::npos);
}

}  // namespace
}  // namespace lockstep
