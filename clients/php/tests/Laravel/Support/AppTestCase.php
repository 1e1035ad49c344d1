<?php

declare(strict_types=1);

namespace Cognate\Tests\Laravel\Support;

require_once __DIR__ . '/autoload.php';

use Cognate\Client\Cognate;
use Cognate\Laravel\Hub;
use Cognate\Laravel\Inbox;
use Cognate\Laravel\Options;
use Cognate\Laravel\Outbox;
use Cognate\Laravel\RawValues;
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

    /**
     * @param array<string, mixed> $cognate
     * @param array<string, mixed> $more other configuration
     */
    protected function makeApp(array $cognate = [], array $connections = [], array $more = [], ?string $home = null): App
    {
        return new App(
            $connections + ['default' => $this->emptyDatabase()],
            $cognate + ['platform' => 'shop', 'models' => Blog::MODELS, 'hub' => ['address' => 'http://127.0.0.1:1', 'max_attempts' => 1]],
            $home ?? sys_get_temp_dir(),
            'en',
            $more,
        );
    }

    /** @return array<string, mixed> for Eloquent */
    protected function emptyDatabase(): array
    {
        return ['driver' => 'sqlite', 'database' => ':memory:', 'foreign_key_constraints' => true];
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

    /** As if the hub had taken everything. */
    protected function sent(): void
    {
        $rows = $this->app->make(Outbox::class)->oldest($this->database(), 1000);
        $taken = [];
        foreach ($rows as $row) {
            $isDelete = $row->operation === Operation::OPERATION_DELETE;
            $hash = $isDelete ? null : RawValues::hash($row->fields);
            $taken[$row->model . $row->localId] = ['model' => $row->model, 'local_id' => $row->localId, 'version' => $row->id, 'floor' => 0, 'hash' => $hash, 'deleted' => $isDelete];
        }
        $this->app->make(Inbox::class)->sent($this->database(), array_values($taken));
        $this->forgetCaptured();
    }

    /** What the application asks is answered here from now on. */
    protected function fakeHub(): FakeHub
    {
        $hub = new FakeHub();
        $this->app->instance(Hub::class, new Hub($this->app->make(Options::class), Cognate::over($hub)));
        return $hub;
    }

    protected function forgetCaptured(): void
    {
        $this->database()->table(Outbox::TABLE)->delete();
    }
}
