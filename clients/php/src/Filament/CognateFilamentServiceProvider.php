<?php

declare(strict_types=1);

namespace Cognate\Filament;

use Cognate\Filament\Data\Confirmations;
use Cognate\Filament\Data\Connection;
use Cognate\Filament\Data\Master;
use Cognate\Filament\Data\PlatformSelection;
use Cognate\Laravel\Definitions;
use Cognate\Laravel\Events;
use Cognate\Laravel\Hub;
use Cognate\Laravel\Options;
use Cognate\Laravel\Settings;
use Filament\Notifications\Notification;
use Illuminate\Contracts\Container\Container;
use Illuminate\Contracts\Events\Dispatcher;
use Illuminate\Support\ServiceProvider;

/** Binds what the screens need. The worker, which knows no panel, tells of confirmations through it. */
final class CognateFilamentServiceProvider extends ServiceProvider
{
    public const CONFIRMING = [Events\RecordPublished::class, Events\RecordUpdated::class, Events\RecordUnpublished::class, Events\PendingFailed::class];

    public function register(): void
    {
        $config = static fn (Container $app, string $key): array => (array) $app->make('config')->get("cognate.$key", []);
        $this->app->singleton(Connection::class, static fn (Container $app): Connection => new Connection($app->make(Options::class), $config($app, 'filament')));
        $this->app->singleton(Master::class, static fn (Container $app): Master => Master::of($app->make(Hub::class), $app->make(Definitions::class), $config($app, 'master')));
        $this->app->singleton(Confirmations::class, static fn (Container $app): Confirmations => new Confirmations(
            $app->make(Settings::class),
            $app->make(Definitions::class),
            $config($app, 'filament')['users'] ?? null,
            (string) ($config($app, 'filament')['identity'] ?? 'email'),
        ));
        // It remembers the platforms' names for one request.
        $this->app->scoped(PlatformSelection::class);
    }

    public function boot(): void
    {
        if (class_exists(Notification::class)) {
            $this->app->make(Dispatcher::class)->listen(self::CONFIRMING, ConfirmationListener::class);
        }
    }
}
