// The five operations as the documentation's C# samples do them: HttpClient, statuses checked. Their update writes its keys
// as C# does (Name, Description), which are none that the API knows: it is answered like an update, and changes nothing.
using System;
using System.Linq;
using System.Net.Http;
using System.Text;
using System.Text.RegularExpressions;

static class Groups
{
    static readonly string Url = Env("TALLYFY_BASE_URL") + "/organizations/" + Env("TALLYFY_ORG_ID") + "/groups";
    static readonly HttpClient Client = new HttpClient { Timeout = TimeSpan.FromSeconds(10) };

    static int Main()
    {
        try
        {
            Walk();
            return 0;
        }
        catch (Exception error)
        {
            Console.WriteLine("FAILED " + error.GetBaseException().Message);
            return 1;
        }
    }

    static void Walk()
    {
        const string fields = "\"name\":\"Onboarding Specialists\",\"description\":\"Team responsible for new client onboarding.\"";
        const string lists = "\"members\":[1001,1005,1008],\"guests\":[\"client.liaison@partner.com\"]";
        const string stored = fields + ",\"logo\":null," + lists;
        const string assets = "\"assets\":{\"data\":[]}";
        string created = Call("create", HttpMethod.Post, Url, Env("CREATE_STATUS"), "{" + fields + "," + lists + "}", stored);
        var id = Regex.Match(created, "\"id\":\"([0-9a-f]{32})\"");
        string group = Url + "/" + id.Groups[1].Value;

        Call("list", HttpMethod.Get, Url + "?with=assets&per_page=10&page=1", "200", null, id.Value, stored, assets, "\"pagination\":{\"total\":1,");
        Call("get", HttpMethod.Get, group + "?with=assets", "200", null, "{\"data\":{" + id.Value, stored, assets);
        Call("update", HttpMethod.Put, group, Env("UPDATE_STATUS"), "{\"Name\":\"Senior Specialists\",\"Description\":\"Handles Tier 1 support.\"}", id.Value, stored);
        Call("delete", HttpMethod.Delete, group, Env("DELETE_STATUS"), null);
    }

    /// <summary>Sends one request; checks the status, and that the body holds these parts.</summary>
    static string Call(string operation, HttpMethod method, string url, string statuses, string json, params string[] parts)
    {
        var request = new HttpRequestMessage(method, url);
        request.Headers.Add("Authorization", "Bearer " + Env("TALLYFY_ACCESS_TOKEN"));
        request.Headers.Add("Accept", "application/json");
        request.Headers.Add("X-Tallyfy-Client", "APIClient");
        if (json != null) request.Content = new StringContent(json, Encoding.UTF8, "application/json");
        HttpResponseMessage response = Client.SendAsync(request).Result;
        int status = (int)response.StatusCode;
        string body = response.Content.ReadAsStringAsync().Result;
        Check(statuses.Split(' ').Contains(status.ToString()), operation, "expected status " + statuses + ", got " + status, body);
        foreach (string part in parts) Check(body.Contains(part), operation, "no " + part, body);
        Check(status != 204 || body == "", operation, "a body with 204", body);
        Console.WriteLine("ok " + operation + " (" + status + ")");
        return body;
    }

    static void Check(bool condition, string operation, string message, string body)
    {
        if (!condition) throw new Exception(operation + ": " + message + ": " + body);
    }

    static string Env(string name) => Environment.GetEnvironmentVariable(name);
}
