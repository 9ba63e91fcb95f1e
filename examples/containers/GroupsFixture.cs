using System.Threading.Tasks;
using DotNet.Testcontainers.Builders;
using DotNet.Testcontainers.Containers;
using NUnit.Framework;

/// A mock in a container for all tests, by Testcontainers for .NET.
[SetUpFixture]
public sealed class GroupsFixture
{
    readonly IContainer mock = new ContainerBuilder()
        .WithImage("tallyfy-mock")
        .WithPortBinding(8255, true)
        .WithWaitStrategy(Wait.ForUnixContainer().UntilHttpRequestIsSucceeded(request => request.ForPort(8255).ForPath("/_mock/ready")))
        .Build();

    [OneTimeSetUp]
    public async Task Start()
    {
        await mock.StartAsync();
        // TallyfyOrg.cs takes it from here on.
        var url = "http://" + mock.Hostname + ":" + mock.GetMappedPublicPort(8255);
        System.Environment.SetEnvironmentVariable("TALLYFY_MOCK_URL", url);
    }

    [OneTimeTearDown]
    public async Task Stop() => await mock.DisposeAsync();
}
