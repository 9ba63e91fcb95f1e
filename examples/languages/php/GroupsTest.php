<?php

declare(strict_types=1);

require_once __DIR__ . '/TallyfyOrg.php';

use PHPUnit\Framework\TestCase;

final class GroupsTest extends TestCase
{
    private TallyfyOrg $org;

    protected function setUp(): void
    {
        $this->org = new TallyfyOrg();
    }

    /** A test that fails tells what its organization was asked. */
    protected function onNotSuccessfulTest(Throwable $failure): never
    {
        fwrite(STDERR, $this->org->report() . "\n");
        throw $failure;
    }

    public function testADeleteWhoseAnswerWasLostIsDoneAllTheSame(): void
    {
        $this->org->seed(['groups' => [['id' => 'sales', 'name' => 'Sales']]]);
        $this->org->fault('flaky', [
            'match' => ['operation' => 'groups.delete'],
            'steps' => [['status' => 503, 'write' => 'after']],
        ]);

        $status = self::deleteWithRetry($this->org->url('groups/sales'));

        self::assertSame(404, $status); // the first delete was done, so the second finds nothing
        $this->org->verify(['operation' => 'groups.delete', 'times' => ['exactly' => 2]]);
    }

    public function testAnOrganizationHasItsOwnClockAndJournal(): void
    {
        $this->org->freeze(new DateTimeImmutable('2031-05-06T07:08:09Z'));
        $this->org->advance(3600);
        self::assertSame(404, self::deleteWithRetry($this->org->url('groups/none')));
        self::assertSame(['the organization has no such group'], array_column($this->org->requests(), 'reason'));
        $this->org->reset();
        self::assertSame([], $this->org->requests());
    }

    /** Stands for the client under test. */
    private static function deleteWithRetry(string $url): int
    {
        $http = ['method' => 'DELETE', 'header' => ['Authorization: Bearer any-token', 'X-Tallyfy-Client: APIClient'], 'ignore_errors' => true];
        do {
            file_get_contents($url, false, stream_context_create(['http' => $http]));
            $status = (int) explode(' ', $http_response_header[0])[1];
        } while ($status === 503);
        return $status;
    }
}
