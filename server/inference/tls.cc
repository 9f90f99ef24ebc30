// SPDX-License-Identifier: Apache-2.0
#include "server/inference/tls.h"

#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <cerrno>
#include <fstream>
#include <system_error>

#include "engine/base/codes.h"
#include "engine/base/try.h"
#include "server/inference/endpoint.h"
#include "server/inference/limits.h"

namespace lockstep {

namespace ssl = boost::asio::ssl;
using boost::system::error_code;

// --- Files ---------------------------------------------------------------------------------------

namespace {

std::unexpected<Error> wrong_file(const std::string& setting, const std::string& path,
                                  const std::string& why) {
  return fail(Kind::rejected, codes::invalid, "`" + setting + "` " + path + " " + why);
}

// OpenSSL's errors for a missing file are hard to read.
Result<void> check_readable(const std::string& setting, const std::string& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (file && file.peek() != std::ifstream::traits_type::eof()) return {};
  const int error = errno;
  return wrong_file(setting, path,
                    error == 0 ? std::string("is empty")
                               : "can't be read: " + std::system_category().message(error));
}

Result<void> take_authorities(ssl::context& context, const std::string& path) {
  TRY(check_readable("ca_file", path));
  error_code error;
  context.load_verify_file(path, error);
  if (error) return wrong_file("ca_file", path, "has no certificates in PEM: " + error.message());
  return {};
}

Result<void> take_certificate(ssl::context& context, const TlsFiles& files) {
  const bool together = files.key.empty();
  const std::string& key = together ? files.certificate : files.key;
  const std::string key_setting = together ? "client_certificate_file" : "client_key_file";
  TRY(check_readable("client_certificate_file", files.certificate));
  TRY(check_readable(key_setting, key));
  error_code error;
  context.use_certificate_chain_file(files.certificate, error);
  if (error) {
    return wrong_file("client_certificate_file", files.certificate,
                      "has no certificate in PEM: " + error.message());
  }
  // Otherwise OpenSSL would ask for the password of an encrypted key on the terminal.
  context.set_password_callback(
      [](std::size_t, ssl::context::password_purpose) { return std::string(); }, error);
  context.use_private_key_file(key, ssl::context::pem, error);
  if (error) {
    return wrong_file(
        key_setting, key,
        "has no key in PEM, without a password, that fits the certificate: " + error.message());
  }
  return {};
}

}  // namespace

TlsContext::TlsContext() : context_(ssl::context::tls_client) {
  context_.set_verify_mode(ssl::verify_peer);
  SSL_CTX_set_min_proto_version(context_.native_handle(), TLS1_2_VERSION);
  error_code ignored;  // without authorities every handshake fails, with an error that says why
  context_.set_default_verify_paths(ignored);
}

Result<std::shared_ptr<TlsContext>> TlsContext::open(const TlsFiles& files) {
  auto made = std::make_shared<TlsContext>();
  if (!files.authorities.empty()) {
    SSL_CTX_set_cert_store(made->context_.native_handle(), X509_STORE_new());
    TRY(take_authorities(made->context_, files.authorities));
  }
  if (files.certificate.empty() && !files.key.empty()) {
    return fail(Kind::rejected, codes::invalid,
                "`client_key_file` needs `client_certificate_file`: set it too");
  }
  if (!files.certificate.empty()) TRY(take_certificate(made->context_, files));
  return made;
}

// --- Names ---------------------------------------------------------------------------------------

namespace {

std::string address_text(const ASN1_OCTET_STRING& address) {
  namespace ip = boost::asio::ip;
  const unsigned char* bytes = ASN1_STRING_get0_data(&address);
  const auto size = static_cast<std::size_t>(ASN1_STRING_length(&address));
  ip::address_v4::bytes_type four{};
  ip::address_v6::bytes_type sixteen{};
  if (size == four.size()) {
    std::copy_n(bytes, size, four.begin());
    return ip::address_v4(four).to_string();
  }
  if (size != sixteen.size()) return {};
  std::copy_n(bytes, size, sixteen.begin());
  return ip::address_v6(sixteen).to_string();
}

// A certificate may say anything: only what can stand in a name goes into a text.
std::string name_text(const ASN1_IA5STRING& name) {
  std::string text(reinterpret_cast<const char*>(ASN1_STRING_get0_data(&name)),
                   static_cast<std::size_t>(ASN1_STRING_length(&name)));
  text.resize(std::min(text.size(), limits::host_name_bytes_max));
  std::ranges::replace_if(text, [](unsigned char c) { return c <= ' ' || c > '~'; }, '?');
  return text;
}

std::string names_of(X509& certificate) {
  auto* found = static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(&certificate, NID_subject_alt_name, nullptr, nullptr));
  std::string names;
  for (int n = 0; n < sk_GENERAL_NAME_num(found); ++n) {
    if (n == limits::certificate_names_told) {
      names += ", …";
      break;
    }
    const GENERAL_NAME* each = sk_GENERAL_NAME_value(found, n);
    std::string name;
    if (each->type == GEN_DNS) name = name_text(*each->d.dNSName);
    if (each->type == GEN_IPADD) name = address_text(*each->d.iPAddress);
    if (!name.empty()) names += (names.empty() ? "" : ", ") + name;
  }
  GENERAL_NAMES_free(found);
  return names;
}

}  // namespace

bool CertificateCheck::check(bool trusted, ssl::verify_context& chain) {
  if (!trusted) return false;
  X509_STORE_CTX* store = chain.native_handle();
  if (X509_STORE_CTX_get_error_depth(store) > 0) return true;
  X509* certificate = X509_STORE_CTX_get_current_cert(store);
  const bool fits = is_ip_address(host_)
                        ? X509_check_ip_asc(certificate, host_.c_str(), 0) == 1
                        : X509_check_host(certificate, host_.data(), host_.size(), 0, nullptr) == 1;
  if (fits) return true;
  is_for_other_ = true;
  names_ = names_of(*certificate);
  X509_STORE_CTX_set_error(store, X509_V_ERR_HOSTNAME_MISMATCH);
  return false;
}

std::string CertificateCheck::wrong_name() const {
  if (!is_for_other_) return {};
  return "the certificate is for " + (names_.empty() ? std::string("no host") : names_) +
         "; not for " + host_;
}

}  // namespace lockstep
