<?php

declare(strict_types=1);

namespace Cognate\Tests\Filament\Support;

require_once __DIR__ . '/autoload.php';

use Cognate\Filament\CognateFilamentServiceProvider;
use Cognate\Laravel\Worker;
use Cognate\Tests\Laravel\Support\App;
use Filament\Notifications\Notification;
use Illuminate\Auth\Access\Gate;
use Illuminate\Contracts\Auth\Access\Gate as GateContract;
use Illuminate\Database\Schema\Blueprint;

/** An application with the screens, and whoever sits before them. */
final class Desk
{
    public readonly App $app;
    /** @var list<string> abilities of whoever sits there */
    public array $abilities = ['cognate.view', 'cognate.manage'];

    /** @param array<string, mixed> $cognate of config/cognate.php */
    public function __construct(string $platform, array $hub, array $cognate = [], string $locale = 'en')
    {
        $cognate += ['platform' => $platform, 'hub' => $hub, 'models' => [Story::class, Note::class], 'master' => ['is' => true],
            'filament' => ['users' => Person::class, 'identity' => 'email']];
        $this->app = new App(['default' => ['driver' => 'sqlite', 'database' => ':memory:']], $cognate, sys_get_temp_dir(), $locale);
        $schema = $this->app->manager->getConnection()->getSchemaBuilder();
        foreach (['stories', 'notes'] as $table) {
            $schema->create($table, function (Blueprint $table): void {
                $table->id();
                $table->string('title', 100);
                $table->string('author', 100)->nullable();
            });
        }
        $schema->create('people', function (Blueprint $table): void {
            $table->id();
            $table->string('email', 100);
        });
        $this->app->makeTables();
        $gate = new Gate($this->app, static fn () => new Person(['email' => 'ada@example.org']));
        foreach (['cognate.view', 'cognate.manage'] as $ability) {
            $gate->define($ability, fn (): bool => in_array($ability, $this->abilities, true));
        }
        $this->app->instance(GateContract::class, $gate);
        $provider = new CognateFilamentServiceProvider($this->app);
        $provider->register();
        $provider->boot();
        Notification::$sent = Notification::$stored = [];
    }

    /** Sends what is captured. */
    public function send(): void
    {
        $this->app->enter();
        $this->app->make(Worker::class)->push(60.0);
    }

    /** Sends what is captured, and hears what became of it. */
    public function work(): void
    {
        $this->app->enter();
        $this->app->artisan('cognate:work', ['--max-seconds' => 0, '--idle' => 0.05]);
    }

    /** @return list<string> titles of what whoever sits there was told */
    public static function told(): array
    {
        $told = array_map(static fn (Notification $notification): string => trim("$notification->status: $notification->title $notification->body"), Notification::$sent);
        Notification::$sent = [];
        return $told;
    }
}
