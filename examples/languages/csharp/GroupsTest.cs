using System;
using System.Net.Http;
using NUnit.Framework;

[TestFixture]
public class GroupsTest
{
    TallyfyOrg org;

    [SetUp]
    public void AnOrganizationForEachTest() => org = new TallyfyOrg();

    /// A test that fails tells what its organization was asked.
    [TearDown]
    public void Tell()
    {
        if (TestContext.CurrentContext.Result.Status == TestStatus.Failed) Console.Error.WriteLine(org.Requests());
    }

    [Test]
    public void ADeleteWhoseAnswerWasLostIsDoneAllTheSame()
    {
        org.Seed("{\"groups\":[{\"id\":\"sales\",\"name\":\"Sales\"}]}");
        org.Fault("flaky", "{\"match\":{\"operation\":\"groups.delete\"},\"steps\":[{\"status\":503,\"write\":\"after\"}]}");

        var status = DeleteWithRetry(org.Url("groups/sales"));

        Assert.AreEqual(404, status); // the first delete was done, so the second finds nothing
        org.Verify("{\"operation\":\"groups.delete\",\"times\":{\"exactly\":2}}");
    }

    [Test]
    public void AnOrganizationHasItsOwnClockAndJournal()
    {
        org.Freeze(new DateTime(2031, 5, 6, 7, 8, 9, DateTimeKind.Utc));
        org.Advance(TimeSpan.FromHours(1));
        Assert.AreEqual(404, DeleteWithRetry(org.Url("groups/none")));
        StringAssert.Contains("the organization has no such group", org.Requests());
        org.Reset();
        StringAssert.StartsWith("{\"requests\":[]", org.Requests());
    }

    /// Stands for the client under test.
    static int DeleteWithRetry(string url)
    {
        var client = new HttpClient();
        client.DefaultRequestHeaders.Add("Authorization", "Bearer any-token");
        client.DefaultRequestHeaders.Add("X-Tallyfy-Client", "APIClient");
        while (true)
        {
            var status = (int)client.DeleteAsync(url).GetAwaiter().GetResult().StatusCode;
            if (status != 503) return status;
        }
    }
}
