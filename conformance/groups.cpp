// The five operations as the documentation's C++ samples do them: cpprest, statuses checked, bodies read by extract_json().
#include <cpprest/http_client.h>
#include <cpprest/json.h>

#include <cstdlib>
#include <iostream>
#include <sstream>
#include <stdexcept>
#include <string>

using namespace web;
using namespace web::http;

static std::string env(const char *name) {
    const char *value = std::getenv(name);
    if (value == nullptr) throw std::runtime_error(std::string("no ") + name);
    return value;
}

static std::string operation = "start"; // what is being done, for the line that tells how it went

// Sends one request, checks the status and gives back what the body says, or null where it is empty.
static json::value call(const std::string &name, const method &verb, const std::string &url, const std::string &statuses,
                        const json::value &fields = json::value::null()) {
    operation = name;
    http_request request(verb);
    request.headers().add(U("Authorization"), U("Bearer ") + env("TALLYFY_ACCESS_TOKEN"));
    request.headers().add(U("Accept"), U("application/json"));
    request.headers().add(U("X-Tallyfy-Client"), U("APIClient"));
    if (!fields.is_null()) request.set_body(fields); // also sets Content-Type: application/json
    http_response response = client::http_client(url).request(request).get();
    std::string status = std::to_string(response.status_code());
    if ((" " + statuses + " ").find(" " + status + " ") == std::string::npos) {
        throw std::runtime_error("expected status " + statuses + ", got " + status + ": " + response.extract_string().get());
    }
    operation += " (" + status + ")";
    return response.status_code() == 204 ? json::value::null() : response.extract_json().get();
}

// The group has these fields with these values.
static void expect(const json::value &group, const json::value &fields) {
    for (const auto &field : fields.as_object()) {
        if (!group.has_field(field.first) || group.at(field.first) != field.second) {
            throw std::runtime_error("no " + field.first + ": " + field.second.serialize() + " in " + group.serialize());
        }
    }
}

static void done() { std::cout << "ok " << operation << std::endl; }

static void walk() {
    std::string groups = env("TALLYFY_BASE_URL") + "/organizations/" + env("TALLYFY_ORG_ID") + "/groups";
    json::value assets = json::value::parse(R"({"assets":{"data":[]}})");

    json::value fields = json::value::parse(
        R"({"name":"Onboarding Specialists","description":"Team responsible for new client onboarding.","members":[1001,1005,1008]})");
    json::value created = call("create", methods::POST, groups, env("CREATE_STATUS"), fields).at("data");
    expect(created, fields);
    done();

    uri_builder list(groups);
    list.append_query("with", "assets").append_query("per_page", 10).append_query("page", 1);
    json::value listed = call("list", methods::GET, list.to_string(), "200");
    expect(listed.at("data").at(0), created);
    expect(listed.at("data").at(0), assets);
    expect(listed.at("meta").at("pagination"), json::value::parse(R"({"total":1,"links":{}})"));
    done();

    std::string group = groups + "/" + created.at("id").as_string();
    json::value got = call("get", methods::GET, group + "?with=assets", "200").at("data");
    expect(got, created);
    expect(got, assets);
    done();

    json::value changes = json::value::parse(R"({"name":"Senior Specialists","description":"Handles Tier 1 support.","members":[1001,1002]})");
    json::value updated = call("update", methods::PUT, group, env("UPDATE_STATUS"), changes).at("data");
    expect(updated, changes);
    done();

    json::value deleted = call("delete", methods::DEL, group, env("DELETE_STATUS"));
    if (!deleted.is_null()) expect(deleted.at("data"), changes);
    done();
}

int main() {
    try {
        walk();
    } catch (const std::exception &error) {
        std::cout << "FAILED " << operation << ": " << error.what() << std::endl;
        return 1;
    }
}
