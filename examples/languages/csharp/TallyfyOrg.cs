using System;
using System.Diagnostics;
using System.Net;
using System.Net.Http;
using System.Text;
using System.Threading;

/// An organization that nobody else uses, in a mock that is started once and ends with this process.
public sealed class TallyfyOrg
{
    // Without a proxy: the mock is on this machine.
    static readonly HttpClient Client = new HttpClient(new HttpClientHandler { UseProxy = false });
    static readonly Lazy<string> Started = new Lazy<string>(Start);
    static Process process; // holds the pipe of its standard input, with which it ends

    public readonly string Id = "csharp-" + Guid.NewGuid().ToString("N");

    /// Where the mock is: the one that TALLYFY_MOCK_URL names, or our own.
    public static string Mock => Setting("TALLYFY_MOCK_URL") ?? Started.Value;

    static string Setting(string name)
    {
        var value = Environment.GetEnvironmentVariable(name);
        return string.IsNullOrEmpty(value) ? null : value;
    }

    static string Start()
    {
        var binary = Setting("TALLYFY_MOCK_BIN") ?? "tallyfy-mock";
        process = Process.Start(new ProcessStartInfo(binary, "--port 0 --exit-with-stdin --log-level warn")
        {
            UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true,
        });
        var ready = process.StandardOutput.ReadLine() ?? "";
        const string Says = "tallyfy-mock is ready on ";
        if (!ready.StartsWith(Says)) throw new InvalidOperationException(binary + " did not start; TALLYFY_MOCK_BIN names it");
        return ready.Substring(Says.Length);
    }

    /// A path of the organization's, such as "groups", as a URL.
    public string Url(string path) => Mock + "/api/organizations/" + Id + "/" + path;

    /// Adds an organization's part of a fixture, in JSON.
    public void Seed(string fixture) => Control("POST", "seed", fixture);

    /// Makes requests fail as the rule says.
    public void Fault(string id, string rule) => Control("PUT", "faults/" + id, rule);

    /// The journal, newest last, as JSON: {"requests":[…],"dropped":0}.
    public string Requests() => Control("GET", "requests");

    /// Fails with what was asked instead.
    public void Verify(string expectation) => Control("POST", "requests/verify", expectation);

    /// Sets the organization's clock, which then stands still.
    public void Freeze(DateTime now) =>
        Control("PUT", "clock", "{\"now\":\"" + now.ToUniversalTime().ToString("yyyy-MM-ddTHH:mm:ssZ") + "\",\"frozen\":true}");

    public void Advance(TimeSpan by) => Control("POST", "clock/advance", "{\"seconds\":" + (long)by.TotalSeconds + "}");

    /// Back to how the organization began.
    public void Reset() => Control("POST", "reset");

    /// Asks a control endpoint about this organization; what it refuses is an exception.
    string Control(string method, string path, string json = null)
    {
        var request = new HttpRequestMessage(new HttpMethod(method), Mock + "/_mock/" + path + "?org=" + Id);
        if (json != null) request.Content = new StringContent(json, Encoding.UTF8, "application/json");
        var token = Setting("TALLYFY_MOCK_CONTROL_TOKEN");
        if (token != null) request.Headers.Add("Authorization", "Bearer " + token);
        var answer = Client.SendAsync(request).GetAwaiter().GetResult();
        var body = answer.Content == null ? "" : answer.Content.ReadAsStringAsync().GetAwaiter().GetResult();
        if ((int)answer.StatusCode >= 400) throw new InvalidOperationException(method + " /_mock/" + path + ": " + body);
        return body;
    }
}
