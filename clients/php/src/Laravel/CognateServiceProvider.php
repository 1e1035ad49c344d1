<?php

declare(strict_types=1);

namespace Cognate\Laravel;

use Cognate\Laravel\Console;
use Cognate\Laravel\Files\Disks;
use Cognate\Laravel\Files\FilePlaces;
use Cognate\Laravel\Files\FileResolvers;
use Cognate\Laravel\Files\FileSettings;
use Cognate\Laravel\Files\FileTraffic;
use Cognate\Laravel\Files\OutgoingFiles;
use Cognate\Laravel\Schema\Tables;
use Illuminate\Contracts\Container\Container;
use Illuminate\Contracts\Events\Dispatcher;
use Illuminate\Database\Eloquent\Model;
use Illuminate\Support\ServiceProvider;

/** Binds the package into a Laravel application. */
final class CognateServiceProvider extends ServiceProvider
{
    private const ROOT = __DIR__ . '/../..';

    public const COMMANDS = [
        Console\InstallCommand::class,
        Console\DoctorCommand::class,
        Console\StatusCommand::class,
        Console\WorkCommand::class,
        Console\PushCommand::class,
        Console\PullCommand::class,
        Console\RetryCommand::class,
        Console\ModelsCommand::class,
    ];

    public function register(): void
    {
        $this->mergeConfigFrom(self::ROOT . '/config/cognate.php', 'cognate');
        $this->app->singleton(Options::class, static fn (Container $app): Options => Options::of(
            (array) $app->make('config')->get('cognate', []),
            (string) $app->make('config')->get('app.timezone', 'UTC'),
        ));
        $this->app->singleton(Definitions::class, static fn (Container $app): Definitions => new Definitions((array) $app->make('config')->get('cognate.models', [])));
        $this->app->singleton(Settings::class, static fn (Container $app): Settings => new Settings($app->make('db'), $app->make(Options::class)));
        $this->app->singleton(Hub::class, static fn (Container $app): Hub => new Hub($app->make(Options::class)));
        $this->app->singleton(FileSettings::class, static fn (Container $app): FileSettings => FileSettings::of((array) $app->make('config')->get('cognate.files', [])));
        $this->app->singleton(Disks::class, static fn (Container $app): Disks => new Disks($app));
        foreach ([FileResolvers::class, FilePlaces::class, FileTraffic::class, OutgoingFiles::class, Tables::class, Records::class, FieldValues::class, Outbox::class, Inbox::class, Capture::class, Sender::class, Catalogue::class] as $class) {
            $this->app->singleton($class);
        }
    }

    public function boot(): void
    {
        $this->loadTranslationsFrom(self::ROOT . '/lang', 'cognate');
        $this->captureModelsWithoutTrait();
        $this->captureMedia();
        if (!$this->app->runningInConsole()) {
            return;
        }
        $this->loadMigrationsFrom(self::ROOT . '/database/migrations');
        $this->publishes([self::ROOT . '/config/cognate.php' => $this->app->configPath('cognate.php')], 'cognate-config');
        $this->publishes([self::ROOT . '/lang' => $this->app->basePath('lang/vendor/cognate')], 'cognate-translations');
        $this->commands(self::COMMANDS);
    }

    /** Media are records of their own, and change without the record that they belong to. */
    private function captureMedia(): void
    {
        $events = $this->app->make(Dispatcher::class);
        $class = (string) ($this->app->make('config')->get('media-library.media_model') ?: 'Spatie\\MediaLibrary\\MediaCollections\\Models\\Media');
        foreach (['created', 'updated', 'deleted'] as $event) {
            $events->listen("eloquent.$event: $class", function (Model $media): void {
                $owner = method_exists($media, 'model') ? $media->model()->first() : null;
                if ($owner instanceof Model) {
                    $this->app->make(Capture::class)->mediaChanged($owner, (string) $media->getAttribute('collection_name'));
                }
            });
        }
    }

    /** Classes of other packages, which the configuration describes. */
    private function captureModelsWithoutTrait(): void
    {
        $events = $this->app->make(Dispatcher::class);
        foreach ((array) $this->app->make('config')->get('cognate.models', []) as $class => $options) {
            if (is_int($class) || method_exists($class, 'bootSyncable')) {
                continue;
            }
            foreach (['created', 'updated', 'deleted'] as $event) {
                $events->listen("eloquent.$event: $class", fn (Model $model) => $this->app->make(Capture::class)->{$event}($model));
            }
        }
    }
}
