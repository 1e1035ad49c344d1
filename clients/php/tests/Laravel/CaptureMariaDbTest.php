<?php

declare(strict_types=1);

namespace Cognate\Tests\Laravel;

require_once __DIR__ . '/CaptureTest.php';

use Cognate\Tests\Laravel\Support\MariaDb;

/** What Eloquent writes into a MariaDB is in the outbox as well. */
final class CaptureMariaDbTest extends CaptureTest
{
    /** @return array<string, mixed> */
    protected function emptyDatabase(): array
    {
        return MariaDb::database('app');
    }
}
