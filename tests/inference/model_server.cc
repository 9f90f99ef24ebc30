// SPDX-License-Identifier: Apache-2.0
#include "tests/inference/model_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "engine/base/must.h"

namespace lockstep {

ServerPeer::~ServerPeer() { ::close(socket_); }

std::string ServerPeer::read_request() {
  std::string request;
  std::size_t wanted = std::string::npos;
  char buffer[4096];
  while (request.size() < wanted) {
    const ssize_t size = ::recv(socket_, buffer, sizeof buffer, 0);
    if (size <= 0) return {};
    request.append(buffer, static_cast<std::size_t>(size));
    const std::size_t end = request.find("\r\n\r\n");
    const std::size_t length = request.find("Content-Length: ");
    if (end == std::string::npos || length == std::string::npos) continue;
    wanted = end + 4 + std::stoul(request.substr(length + 16));
  }
  return request;
}

std::string ServerPeer::read_head() {
  std::string head;
  char byte = 0;
  while (!head.ends_with("\r\n\r\n") && ::recv(socket_, &byte, 1, 0) == 1) head += byte;
  return head;
}

void ServerPeer::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t size = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (size <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(size));
  }
}

void ServerPeer::send_stream_head() {
  send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n\r\n");
}

void ServerPeer::send_event(std::string_view data) { send("data: " + std::string(data) + "\n\n"); }

void ServerPeer::send_answer(std::string_view status, std::string_view headers,
                             std::string_view body) {
  send("HTTP/1.1 " + std::string(status) + "\r\n" + std::string(headers) +
       "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body));
}

bool ServerPeer::await_close(std::chrono::milliseconds limit) {
  pollfd poll{.fd = socket_, .events = POLLIN, .revents = 0};
  if (::poll(&poll, 1, static_cast<int>(limit.count())) != 1) return false;
  char byte = 0;
  return ::recv(socket_, &byte, 1, 0) <= 0;
}

void ServerPeer::reset() {
  const linger now{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

ModelServer::ModelServer(std::vector<Script> scripts) {
  listener_ = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* plain = reinterpret_cast<sockaddr*>(&address);
  MUST(::bind(listener_, plain, size) == 0);
  MUST(::listen(listener_, 16) == 0);
  MUST(::getsockname(listener_, plain, &size) == 0);
  port_ = ntohs(address.sin_port);
  thread_ = std::jthread([this, scripts = std::move(scripts)] { serve(scripts); });
}

ModelServer::~ModelServer() {
  ::shutdown(listener_, SHUT_RDWR);
  thread_.join();
  ::close(listener_);
}

std::string ModelServer::url(std::string_view scheme) const {
  const std::string_view host = scheme == "https" ? "localhost" : "127.0.0.1";
  return std::string(scheme) + "://" + std::string(host) + ":" + std::to_string(port_) + "/v1";
}

void ModelServer::serve(const std::vector<Script>& scripts) {
  while (true) {
    const int socket = ::accept(listener_, nullptr, nullptr);
    if (socket < 0) return;
    ServerPeer peer(socket);
    const auto index = static_cast<std::size_t>(connections_++);
    if (index < scripts.size()) scripts[index](peer);
  }
}

// --- TLS -----------------------------------------------------------------------------------------

namespace {

struct Certificate {
  EVP_PKEY* key = nullptr;
  X509* x509 = nullptr;
};

Certificate make_certificate() {
  Certificate made{.key = EVP_RSA_gen(2048), .x509 = X509_new()};
  ASN1_INTEGER_set(X509_get_serialNumber(made.x509), 1);
  X509_set_version(made.x509, X509_VERSION_3);
  X509_gmtime_adj(X509_getm_notBefore(made.x509), -3600);
  X509_gmtime_adj(X509_getm_notAfter(made.x509), 3600);
  X509_set_pubkey(made.x509, made.key);
  X509_NAME* name = X509_get_subject_name(made.x509);
  const auto* common = reinterpret_cast<const unsigned char*>("localhost");
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, common, -1, -1, 0);
  X509_set_issuer_name(made.x509, name);
  X509_EXTENSION* alternative =
      X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "DNS:localhost");
  X509_add_ext(made.x509, alternative, -1);
  X509_EXTENSION_free(alternative);
  MUST(X509_sign(made.x509, made.key, EVP_sha256()) > 0);
  return made;
}

void append_to(const std::string& path, const std::function<int(std::FILE*)>& write) {
  std::FILE* file = std::fopen(path.c_str(), "a");
  MUST(file != nullptr);
  MUST(write(file) == 1);
  std::fclose(file);
}

}  // namespace

void write_certificate(const std::string& certificate_file, const std::string& key_file) {
  const Certificate made = make_certificate();
  append_to(certificate_file, [&made](std::FILE* to) { return PEM_write_X509(to, made.x509); });
  append_to(key_file, [&made](std::FILE* to) {
    return PEM_write_PrivateKey(to, made.key, nullptr, nullptr, 0, nullptr, nullptr);
  });
  X509_free(made.x509);
  EVP_PKEY_free(made.key);
}

class TlsAnswer {
 public:
  TlsAnswer(const std::string& pem_file, std::string answer, const std::string& client_file)
      : answer_(std::move(answer)) {
    const Certificate made = make_certificate();
    context_ = SSL_CTX_new(TLS_server_method());
    SSL_CTX_use_certificate(context_, made.x509);
    SSL_CTX_use_PrivateKey(context_, made.key);
    std::FILE* file = std::fopen(pem_file.c_str(), "w");
    MUST(file != nullptr);
    PEM_write_X509(file, made.x509);
    std::fclose(file);
    if (!client_file.empty()) {
      MUST(SSL_CTX_load_verify_locations(context_, client_file.c_str(), nullptr) == 1);
      SSL_CTX_set_verify(context_, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    }
    X509_free(made.x509);
    EVP_PKEY_free(made.key);
  }
  ~TlsAnswer() { SSL_CTX_free(context_); }
  TlsAnswer(const TlsAnswer&) = delete;
  TlsAnswer& operator=(const TlsAnswer&) = delete;

  void serve(int socket) const {
    SSL* ssl = SSL_new(context_);
    SSL_set_fd(ssl, socket);
    if (SSL_accept(ssl) == 1) {
      char request[1 << 16];
      SSL_read(ssl, request, sizeof request);
      SSL_write(ssl, answer_.data(), static_cast<int>(answer_.size()));
    }
    SSL_free(ssl);  // without TLS's own good-bye, as many servers do
  }

 private:
  SSL_CTX* context_ = nullptr;
  std::string answer_;
};

ModelServer::Script tls_script(const std::string& pem_file, std::string answer,
                               const std::string& client_file) {
  auto tls = std::make_shared<TlsAnswer>(pem_file, std::move(answer), client_file);
  return [tls](ServerPeer& peer) { tls->serve(peer.socket()); };
}

}  // namespace lockstep
