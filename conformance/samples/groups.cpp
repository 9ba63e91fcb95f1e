// The documentation's C++ samples for groups, written anew: `groups OPERATION`. Like them it has its token and its organization
// written into it. Exits 1 where a sample says that it failed.
#include <cpprest/http_client.h>
#include <cpprest/json.h>

#include <exception>
#include <iostream>
#include <map>
#include <string>

using namespace web;
using namespace web::http;
using namespace web::http::client;

static const utility::string_t ACCESS_TOKEN = U("YOUR_PERSONAL_ACCESS_TOKEN");
static const utility::string_t ORG_ID = U("YOUR_ORGANIZATION_ID");

static http_request request_of(const method &verb) {
    http_request request(verb);
    request.headers().add(U("Authorization"), U("Bearer ") + ACCESS_TOKEN);
    request.headers().add(U("Accept"), U("application/json"));
    request.headers().add(U("X-Tallyfy-Client"), U("APIClient"));
    return request;
}

// Sends the request; false if the answer has another status.
static bool send(const utility::string_t &url, const http_request &request, status_code wanted) {
    http_client client(url);
    http_response response = client.request(request).get();
    if (response.status_code() != wanted) {
        std::cerr << "failed: " << response.status_code() << " " << response.extract_string().get() << std::endl;
        return false;
    }
    if (wanted != status_codes::NoContent) std::cout << response.extract_json().get().serialize() << std::endl;
    return true;
}

static bool list() {
    uri_builder url(U("https://go.tallyfy.com/api/organizations/") + ORG_ID + U("/groups"));
    url.append_query(U("with"), U("assets")).append_query(U("per_page"), 10).append_query(U("page"), 1);
    return send(url.to_string(), request_of(methods::GET), status_codes::OK);
}

static bool get() {
    return send(U("https://go.tallyfy.com/api/organizations/") + ORG_ID + U("/groups/GROUP_ID_TO_GET?with=assets"), request_of(methods::GET), status_codes::OK);
}

static bool create() {
    json::value fields;
    fields[U("name")] = json::value::string(U("Night Shift"));
    fields[U("description")] = json::value::string(U("Answers while others sleep."));
    fields[U("members")] = json::value::array({json::value::number(1001), json::value::number(1005)});
    http_request request = request_of(methods::POST);
    request.set_body(fields);
    http_client client(U("https://go.tallyfy.com/api/organizations/") + ORG_ID + U("/groups"));
    http_response response = client.request(request).get();
    std::cout << response.status_code() << " " << response.extract_json().get().serialize() << std::endl;
    return true;
}

static bool update() {
    json::value fields;
    fields[U("name")] = json::value::string(U("Tier 2"));
    fields[U("description")] = json::value::string(U("Second line."));
    fields[U("members")] = json::value::array({json::value::number(1001)});
    http_request request = request_of(methods::PUT);
    request.set_body(fields);
    return send(U("https://go.tallyfy.com/api/organizations/") + ORG_ID + U("/groups/GROUP_ID_TO_UPDATE"), request, status_codes::Created);
}

static bool remove() {
    return send(U("https://go.tallyfy.com/api/organizations/") + ORG_ID + U("/groups/GROUP_ID_TO_DELETE"), request_of(methods::DEL), status_codes::NoContent);
}

int main(int, char **arguments) {
    static const std::map<std::string, bool (*)()> samples = {{"list", list}, {"get", get}, {"create", create}, {"update", update}, {"delete", remove}};
    try {
        return samples.at(arguments[1])() ? 0 : 1;
    } catch (const std::exception &error) {
        std::cerr << error.what() << std::endl;
        return 1;
    }
}
