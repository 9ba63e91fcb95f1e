// The documentation's C# samples for groups, written anew: `Groups OPERATION`. Their update writes its keys as C# does (Name), which are
// none that the API knows. Exits 1 where a sample says that it failed.
using System;
using System.Net.Http;
using System.Text;
using System.Threading.Tasks;

static class Groups
{
    static readonly string AccessToken = Environment.GetEnvironmentVariable("TALLYFY_ACCESS_TOKEN") ?? "YOUR_PERSONAL_ACCESS_TOKEN";
    static readonly string OrgId = Environment.GetEnvironmentVariable("TALLYFY_ORG_ID") ?? "YOUR_ORGANIZATION_ID";
    static readonly HttpClient Client = new HttpClient();

    static int Main(string[] args)
    {
        try
        {
            Run(args[0]).Wait();
            return 0;
        }
        catch (Exception error)
        {
            Console.Error.WriteLine(error.GetBaseException().Message);
            return 1;
        }
    }

    static async Task Run(string operation)
    {
        switch (operation)
        {
            case "list":
                Console.WriteLine(await Read(await Send(HttpMethod.Get, $"https://go.tallyfy.com/api/organizations/{OrgId}/groups?with=assets&per_page=10&page=1")));
                break;
            case "get":
                Console.WriteLine(await Read(await Send(HttpMethod.Get, $"https://go.tallyfy.com/api/organizations/{OrgId}/groups/GROUP_ID_TO_GET?with=assets")));
                break;
            case "create":
                var created = await Send(HttpMethod.Post, $"https://go.tallyfy.com/api/organizations/{OrgId}/groups",
                    "{\"name\":\"Night Shift\",\"description\":\"Answers while others sleep.\",\"members\":[1001],\"guests\":[\"client@partner.com\"]}");
                Console.WriteLine((int)created.StatusCode + " " + await created.Content.ReadAsStringAsync());
                break;
            case "update":
                Console.WriteLine(await Read(await Send(HttpMethod.Put, $"https://go.tallyfy.com/api/organizations/{OrgId}/groups/GROUP_ID_TO_UPDATE",
                    "{\"Name\":\"Tier 2\",\"Description\":\"Second line.\",\"Members\":[1001],\"Guests\":[]}")));
                break;
            case "delete":
                var deleted = await Send(HttpMethod.Delete, $"https://go.tallyfy.com/api/organizations/{OrgId}/groups/GROUP_ID_TO_DELETE");
                if ((int)deleted.StatusCode != 204) throw new Exception("not deleted: " + (int)deleted.StatusCode);
                break;
            default:
                throw new ArgumentException(operation);
        }
    }

    static Task<HttpResponseMessage> Send(HttpMethod method, string url, string json = null)
    {
        var request = new HttpRequestMessage(method, url);
        request.Headers.Add("Authorization", "Bearer " + AccessToken);
        request.Headers.Add("Accept", "application/json");
        request.Headers.Add("X-Tallyfy-Client", "APIClient");
        if (json != null) request.Content = new StringContent(json, Encoding.UTF8, "application/json");
        return Client.SendAsync(request);
    }

    static async Task<string> Read(HttpResponseMessage response)
    {
        response.EnsureSuccessStatusCode();
        return await response.Content.ReadAsStringAsync();
    }
}
