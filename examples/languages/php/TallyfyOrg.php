<?php

declare(strict_types=1);

use PHPUnit\Framework\AssertionFailedError;

/** An organization that nobody else uses, in a mock that is started once and ends with this process. */
final class TallyfyOrg
{
    public readonly string $id;
    private static ?string $mock = null;
    /** The mock and its standard input and output: it ends when they are closed. */
    private static array $held = [];

    public function __construct()
    {
        $this->id = 'php-' . bin2hex(random_bytes(16));
    }

    /** Where the mock is: the one that TALLYFY_MOCK_URL names, or our own. */
    public static function mock(): string
    {
        return self::$mock ??= getenv('TALLYFY_MOCK_URL') ?: self::start(getenv('TALLYFY_MOCK_BIN') ?: 'tallyfy-mock');
    }

    private static function start(string $binary): string
    {
        $command = [$binary, '--port', '0', '--exit-with-stdin', '--log-level', 'warn'];
        $mock = proc_open($command, [['pipe', 'r'], ['pipe', 'w'], STDERR], $pipes);
        $ready = $mock ? (string) fgets($pipes[1]) : '';
        if (!preg_match('{^tallyfy-mock is ready on (http://\S+)$}', trim($ready), $said)) {
            throw new RuntimeException("cannot start $binary; TALLYFY_MOCK_BIN names it");
        }
        self::$held = [$mock, $pipes];
        return $said[1];
    }

    /** A path of the organization's, such as "groups", as a URL. */
    public function url(string $path): string
    {
        return self::mock() . "/api/organizations/$this->id/$path";
    }

    /** Adds an organization's part of a fixture. */
    public function seed(array $fixture): void
    {
        $this->control('POST', 'seed', body: $fixture);
    }

    /** Makes requests fail as the rule says. */
    public function fault(string $id, array $rule): void
    {
        $this->control('PUT', "faults/$id", body: $rule);
    }

    /** The journal, newest last. */
    public function requests(): array
    {
        return $this->control('GET', 'requests')['requests'];
    }

    /** Fails with what was asked instead. */
    public function verify(array $expectation): void
    {
        $this->control('POST', 'requests/verify', body: $expectation);
    }

    /** Sets the organization's clock, which then stands still. */
    public function freeze(DateTimeInterface $now): void
    {
        $this->control('PUT', 'clock', body: ['now' => $now->format(DateTimeInterface::RFC3339), 'frozen' => true]);
    }

    public function advance(float $seconds): void
    {
        $this->control('POST', 'clock/advance', body: ['seconds' => $seconds]);
    }

    /** Back to how the organization began. */
    public function reset(): void
    {
        $this->control('POST', 'reset');
    }

    /** What it was asked, for the message of a test that failed. */
    public function report(): string
    {
        $lines = array_map(fn (array $it) => sprintf('%s %s %s %s, not read: %s', $it['status'] ?? '---', $it['method'],
            $it['path'], $it['reason'] ?? '', implode(', ', $it['unread'] ?? [])), $this->requests());
        return implode("\n", ["tallyfy-mock was asked by $this->id:", ...$lines]);
    }

    /** Asks a control endpoint about this organization; what it refuses fails the test. */
    public function control(string $method, string $path, string $query = '', ?array $body = null): ?array
    {
        $headers = ['Content-Type: application/json'];
        if ($token = getenv('TALLYFY_MOCK_CONTROL_TOKEN')) {
            $headers[] = "Authorization: Bearer $token";
        }
        $http = ['method' => $method, 'header' => $headers, 'ignore_errors' => true];
        if ($body !== null) {
            $http['content'] = json_encode($body, JSON_THROW_ON_ERROR);
        }
        $url = self::mock() . "/_mock/$path?org=$this->id$query";
        $answer = file_get_contents($url, false, stream_context_create(['http' => $http]));
        $status = (int) explode(' ', $http_response_header[0])[1];
        if ($status >= 400) {
            throw new AssertionFailedError("$method /_mock/$path: $status $answer");
        }
        return $answer === '' ? null : json_decode($answer, true, flags: JSON_THROW_ON_ERROR);
    }
}
