<?php

declare(strict_types=1);

namespace Cognate\Tests\Laravel\Support;

use Cognate\Laravel\CognateServiceProvider;
use Cognate\Laravel\Connections;
use Cognate\Laravel\OwnTables;
use Illuminate\Config\Repository;
use Illuminate\Console\Application as Artisan;
use Illuminate\Container\Container;
use Illuminate\Contracts\Container\Container as ContainerContract;
use Illuminate\Contracts\Events\Dispatcher as DispatcherContract;
use Illuminate\Database\Capsule\Manager;
use Illuminate\Database\DatabaseManager;
use Illuminate\Database\DatabaseTransactionsManager;
use Illuminate\Database\Eloquent\Model;
use Illuminate\Events\Dispatcher;
use Illuminate\Filesystem\Filesystem;
use Illuminate\Support\Facades\Facade;
use Illuminate\Translation\FileLoader;
use Illuminate\Translation\Translator;
use Symfony\Component\Console\Output\BufferedOutput;

/** As much of a Laravel application as the package touches: a container, a database, events, translations and the console. */
final class App extends Container
{
    public Manager $manager;
    /** @var list<\Closure> */
    private array $terminating = [];

    /**
     * @param array<string, array<string, mixed>> $connections by name; `default` is one of them
     * @param array<string, mixed> $cognate what config/cognate.php says
     * @param array<string, mixed> $more what other files there say, by their names
     */
    public function __construct(array $connections, array $cognate, private readonly string $home, string $locale = 'en', array $more = [])
    {
        $this->instance('app', $this);
        $this->instance(ContainerContract::class, $this);
        $this->instance(Container::class, $this);
        $config = new Repository(['cognate' => $cognate, 'app' => ['timezone' => 'UTC', 'locale' => $locale]] + $more);
        $this->instance('config', $config);
        $this->manager = new Manager($this);
        foreach ($connections as $name => $connection) {
            $this->manager->addConnection($connection, $name);
        }
        $events = new Dispatcher($this);
        $this->instance('events', $events);
        $this->instance(DispatcherContract::class, $events);
        $this->singleton('db.transactions', static fn () => new DatabaseTransactionsManager());
        $this->manager->setEventDispatcher($events);
        $this->instance('db', $this->manager->getDatabaseManager());
        $this->instance(DatabaseManager::class, $this->manager->getDatabaseManager());
        foreach (array_keys($connections) as $name) {
            $this->manager->getConnection($name)->setTransactionManager($this->make('db.transactions'));
        }
        $this->singleton('translator', static fn () => new Translator(new FileLoader(new Filesystem(), dirname(__DIR__, 3) . '/lang'), $locale));
        $this->enter();
        $provider = new CognateServiceProvider($this);
        $provider->register();
        $provider->boot();
    }

    /** From here on Eloquent and the package are this application's, where a test has several of them. */
    public function enter(): self
    {
        self::setInstance($this);
        Facade::clearResolvedInstances();
        Facade::setFacadeApplication($this);
        $this->manager->bootEloquent();
        // A class that boots again listens again.
        foreach ($this->make('config')->get('cognate.models', []) as $key => $class) {
            is_int($key) ? $class::flushEventListeners() : null;
        }
        Model::clearBootedModels();
        return $this;
    }

    public function makeTables(): void
    {
        foreach ($this->make(Connections::class)->all() as $connection) {
            OwnTables::create($connection);
        }
    }

    /** Runs a command as `php artisan` does; its output goes to the caller, or to the terminal. */
    public function artisan(string $command, array $arguments = [], ?string &$said = null): int
    {
        $artisan = new Artisan($this, $this->make('events'), '8');
        $artisan->setAutoExit(false);
        $artisan->resolveCommands(CognateServiceProvider::COMMANDS);
        $output = new BufferedOutput();
        $code = $artisan->call($command, $arguments, $output);
        $said = $output->fetch();
        return $code;
    }

    public function console(): Artisan
    {
        $artisan = new Artisan($this, $this->make('events'), '8');
        $artisan->resolveCommands(CognateServiceProvider::COMMANDS);
        return $artisan;
    }

    public function runningInConsole(): bool
    {
        return true;
    }

    public function runningUnitTests(): bool
    {
        return true;
    }

    public function terminating(\Closure $callback): void
    {
        $this->terminating[] = $callback;
    }

    /** The response has left. */
    public function terminate(): void
    {
        foreach ($this->terminating as $callback) {
            $callback();
        }
        $this->terminating = [];
    }

    public function configPath(string $path = ''): string
    {
        return "$this->home/config" . ($path === '' ? '' : "/$path");
    }

    public function basePath(string $path = ''): string
    {
        return $this->home . ($path === '' ? '' : "/$path");
    }

    public function storagePath(): string
    {
        return "$this->home/storage";
    }
}
