<?php

declare(strict_types=1);

namespace Cognate\Tests\Laravel\Support;

require_once __DIR__ . '/autoload.php';

use Cognate\Laravel\Outbox;
use Cognate\V1\Operation;
use Illuminate\Database\Connection;
use PHPUnit\Framework\TestCase;

/** An application with a database in memory. Nobody answers at its hub. */
abstract class AppTestCase extends TestCase
{
    protected App $app;

    protected function setUp(): void
    {
        $this->app = $this->makeApp();
        Blog::create($this->database());
        $this->app->makeTables();
    }

    /** @param array<string, mixed> $cognate */
    protected function makeApp(array $cognate = [], array $connections = []): App
    {
        $memory = ['driver' => 'sqlite', 'database' => ':memory:', 'foreign_key_constraints' => true];
        return new App(
            $connections + ['default' => $memory],
            $cognate + ['platform' => 'shop', 'models' => Blog::MODELS, 'hub' => ['address' => 'http://127.0.0.1:1', 'max_attempts' => 1]],
            sys_get_temp_dir(),
        );
    }

    protected function database(): Connection
    {
        return $this->app->manager->getConnection();
    }

    /** @return list<string> what is captured, such as `create users 1`, oldest first */
    protected function captured(): array
    {
        $words = [Operation::OPERATION_CREATE => 'create', Operation::OPERATION_UPDATE => 'update', Operation::OPERATION_DELETE => 'delete'];
        return array_map(
            static fn ($row): string => "{$words[$row->operation]} $row->model $row->localId",
            $this->app->make(Outbox::class)->oldest($this->database(), 1000),
        );
    }

    /** @return array<string, mixed> of the newest change */
    protected function newest(): array
    {
        $rows = $this->app->make(Outbox::class)->oldest($this->database(), 1000);
        return end($rows)->fields;
    }

    protected function forgetCaptured(): void
    {
        $this->database()->table(Outbox::TABLE)->delete();
    }
}
